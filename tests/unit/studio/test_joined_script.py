"""Modules become one script that does what they do."""

import pytest
from ringback.studio.joined_script import NotJoinable, joined

MODULES = {
    "app.js": 'import { area, unit as name } from "./shapes.js";\n'
    'import * as all from "./shapes.js";\n'
    'import "./start.js";\n'
    "area(name, all);\n",
    "shapes.js": 'import {\n  half,\n} from "./numbers.js";\n'
    "export const unit = 2;\n"
    "export async function area() {}\n"
    "export class Shape {}\n"
    "function inner() {}\n"
    "export { inner as deep, half };\n",
    "numbers.js": "export function* half() {}\n",
    "start.js": 'import { half } from "./numbers.js";\nhalf();\n',
    "unused.js": "nothing();\n",
}


def test_a_module_stands_after_those_that_it_imports_and_once() -> None:
    script = joined(MODULES, "app.js")
    starts = [line for line in script.splitlines() if line.startswith("joined[")]
    assert [line.partition(" // ")[2] for line in starts] == [
        *("numbers.js", "shapes.js", "start.js", "app.js"),
    ]
    assert "nothing();" not in script


def test_imports_become_constants_and_exports_are_returned() -> None:
    script = joined(MODULES, "app.js")
    assert 'const { area, unit: name } = joined["shapes.js"];' in script
    assert 'const all = joined["shapes.js"];' in script
    assert 'const { half } = joined["numbers.js"];' in script
    assert "return { unit, area, Shape, deep: inner, half };" in script
    assert "\nconst unit = 2;\nasync function area() {}\nclass Shape {}\n" in script
    assert "return { half };" in script
    assert "import" not in script
    assert "export" not in script


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("export default 1;", "app.js: export default 1;"),
        ("export let count = 0;", "app.js: export let count = 0;"),
        ('export { a } from "./b.js";', 'app.js: export { a } from "./b.js";'),
        ('import a from "./b.js";', 'app.js: import a from "./b.js";'),
        ('import { a } from "https://a.example/b.js";', "app.js: import {"),
        ('  run(() => import("./b.js"));', 'app.js: import("./b.js"));'),
        ("const here = import.meta.url;", "app.js: import.meta.url;"),
        ('import "./app.js";', "app.js imports itself: app.js > app.js"),
        ('import "./c.js";', "app.js > c.js > app.js"),
        ('import "./missing.js";', "imports missing.js"),
    ],
)
def test_what_a_joined_script_can_t_have_is_named(line: str, why: str) -> None:
    modules = {"app.js": f"{line}\n", "b.js": "", "c.js": 'import "./app.js";\n'}
    with pytest.raises(NotJoinable) as raised:
        joined(modules, "app.js")
    assert why in str(raised.value)


def test_a_call_named_like_an_export_is_left_alone() -> None:
    script = joined({"app.js": "exported();\nconst important = 1;\n"}, "app.js")
    assert "exported();\nconst important = 1;" in script
