"""Modules become one script that does what they do."""

import re

import pytest
from ringback.studio.joined_script import NotJoinable, joined

MODULES = {
    "app.js": 'import { area, unit as name } from "./shapes.js";\n'
    'import * as all from "./shapes.js";\n'
    "import './start.js';\n"
    "import table from './words.js';\n"
    "area(name, all, table, () => import(`./${name}.js`));\n",
    "shapes.js": 'import {\n  half,\n} from "./numbers.js";\n'
    "export const unit = 2;\n"
    "export async function area() {}\n"
    "export class Shape {}\n"
    "function inner() {}\n"
    "export { inner as deep, half };\n",
    "numbers.js": "export function* half() {}\n",
    "start.js": 'import { half } from "./numbers.js";\nhalf();\n',
    "words.js": "export default {\n  yes: 1,\n};\n",
    "later.js": 'import { half } from "./numbers.js";\nexport { half };\n',
}


def test_a_module_stands_after_those_that_it_imports_and_once() -> None:
    script = joined(MODULES, "app.js")
    starts = [line for line in script.splitlines() if line.startswith("joined[")]
    assert [line.partition(" // ")[2] for line in starts] == [
        *("numbers.js", "later.js", "shapes.js", "start.js", "words.js", "app.js"),
    ]


def test_imports_become_constants_and_exports_are_returned() -> None:
    script = joined(MODULES, "app.js")
    assert 'const { area, unit: name } = joined["shapes.js"];' in script
    assert 'const all = joined["shapes.js"];' in script
    assert 'const { half } = joined["numbers.js"];' in script
    assert "return { unit, area, Shape, deep: inner, half };" in script
    assert "\nconst unit = 2;\nasync function area() {}\nclass Shape {}\n" in script
    assert "return { half };" in script
    assert 'const table = joined["words.js"].default;' in script
    assert "const byDefault = {\n  yes: 1,\n};\n\nreturn { default: byDefault };" in script
    assert not re.search(r"\b(?:import|export)\b", script)


def test_lines_of_comments_are_not_sent() -> None:
    text = (
        "/** About it. */\n"
        "/**\n * @param {string} url such as `https://a.example/*`\n */\n"
        "export const url = 'https://a.example'; // not a line of its own\n"
        "  // Why.\n"
        "const all = /a*/;\n"
    )
    script = joined({"app.js": text}, "app.js")
    assert "About" not in script
    assert "@param" not in script
    assert "Why" not in script
    assert "const url = 'https://a.example'; // not a line of its own\nconst all = /a*/;" in script


def test_a_module_that_is_imported_when_it_is_needed_is_there_already() -> None:
    script = joined(MODULES, "app.js")
    assert "importJoined = async (path) => joined[" in script
    assert "area(name, all, table, () => importJoined(`./${name}.js`));" in script


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("export let count = 0;", "app.js: export let count = 0;"),
        ('export { a } from "./b.js";', 'app.js: export { a } from "./b.js";'),
        ('import a, { b } from "./b.js";', 'app.js: import a, { b } from "./b.js";'),
        ('import { a } from "https://a.example/b.js";', "app.js: import {"),
        ("const here = import.meta.url;", "app.js: import.meta.url;"),
        ('import "./d.js";', "d.js imports itself: d.js > d.js"),
        ('import "./c.js";', "c.js imports itself: c.js > app.js > c.js"),
        ('import "./missing.js";', "app.js imports missing.js, which is not there"),
    ],
)
def test_what_a_joined_script_can_t_have_is_named(line: str, why: str) -> None:
    modules = {"app.js": f"{line}\n", "b.js": ""}
    if "./c.js" in line:
        modules["c.js"] = 'import "./app.js";\n'
    if "./d.js" in line:
        modules["d.js"] = 'import "./d.js";\n'
    with pytest.raises(NotJoinable) as raised:
        joined(modules, "app.js")
    assert why in str(raised.value)


def test_a_call_named_like_an_export_is_left_alone() -> None:
    script = joined({"app.js": "exported();\nconst important = 1;\n"}, "app.js")
    assert "exported();\nconst important = 1;" in script
