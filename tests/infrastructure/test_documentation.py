"""The documents name everything they must, and only what exists."""

import re
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from ringback.catalogue.models import MODELS

from local.health.alarms import section_of
from tests.support.repository import anchors_of, blocks, documents, files, links_of, text_of
from tests.support.template import ROOT, load_template, resources, routes

MAX_README_WORDS: Final = 900
COMMANDS: Final = re.compile(r"(?:^\s*\$? ?|`|run: )make ([a-z-]+)", re.MULTILINE)
# With the variables after it, on one line.
CALLS: Final = re.compile(r"(?:^\s*\$? ?|`)make ([a-z-]+)((?: [A-Z_]+=[^\s`]*)+)", re.MULTILINE)
TARGETS: Final = re.compile(r"^([a-z-]+):", re.MULTILINE)
WORKFLOW: Final = ".github/workflows/check.yml"


def test_the_readme_is_short() -> None:
    assert len(text_of("README.md").split()) <= MAX_README_WORDS


def test_the_readme_links_to_every_page() -> None:
    pages = {name for name in documents() if re.fullmatch(r"(docs/)?[\w-]+\.md", name)}
    assert pages - {"README.md"} <= {target.partition("#")[0] for target in links_of("README.md")}


def test_the_readme_names_every_provider_and_model() -> None:
    readme = text_of("README.md")
    providers = {model.provider for model in MODELS.values()}
    assert [name for name in providers if f"`{name}`" not in readme] == []
    assert [name for name in MODELS if f"`{name}`" not in readme] == []


def test_every_provider_has_models() -> None:
    clients = (ROOT / "layers/shared/ringback/providers").glob("*/client.py")
    # The canary's model is in nobody's list.
    names = {path.parent.name for path in clients} - {"canary"}
    assert names == {model.provider for model in MODELS.values()}


@pytest.mark.parametrize("name", load_template()["Parameters"])
def test_the_settings_name_every_parameter_and_its_default(name: str) -> None:
    parameter = load_template()["Parameters"][name]
    [row] = re.findall(rf"^\| `{name}` \|.*$", text_of("docs/settings.md"), re.MULTILINE)
    _, _, default, values, meaning, _ = (cell.strip() for cell in row.split("|"))
    assert default.strip("`") == (str(parameter["Default"]) or "empty")
    for limit in ("MinValue", "MaxValue"):
        assert str(parameter.get(limit, "")) in values
    for value in parameter.get("AllowedValues", []):
        assert re.search(rf"\b{value}\b", values)
    assert meaning


def test_the_settings_name_every_secret() -> None:
    outputs = [name for name in load_template()["Outputs"] if name.endswith("SecretArn")]
    assert [name for name in outputs if f"`{name}`" not in text_of("docs/settings.md")] == []


def named_routes() -> list[str]:
    return [key.replace("+}", "}") for _, key in routes() if key != "$default"]


# Ringback's own routes are on the first page, those of the providers' APIs on the second.
API_PAGES: Final = ("docs/use.md", "docs/provider-endpoints.md")


def test_the_api_pages_name_every_route() -> None:
    pages = "".join(map(text_of, API_PAGES))
    assert len(named_routes()) >= 9
    assert [route for route in named_routes() if f"`{route}`" not in pages] == []


@pytest.mark.parametrize("page", API_PAGES)
def test_an_api_page_names_no_other_route(page: str) -> None:
    named = re.findall(r"`((?:GET|POST|DELETE|PUT) /[^`?]*)[`?]", text_of(page))
    assert set(named) <= set(named_routes())


def test_the_operation_page_names_every_dead_letter_queue() -> None:
    queues = [name for name in resources("AWS::SQS::Queue") if name.endswith("DeadLetters")]
    page = text_of("docs/operate.md")
    assert queues
    assert [name for name in queues if f"`{name.removesuffix('DeadLetters')}`" not in page] == []


def test_every_named_output_exists() -> None:
    template = load_template()
    known = template["Outputs"].keys() | template["Parameters"].keys()
    placeholders = {
        found for name in documents() for found in re.findall(r"<([A-Z][a-z]\w+)>", text_of(name))
    }
    assert placeholders
    assert placeholders <= known


def test_every_named_make_target_exists() -> None:
    targets = set(TARGETS.findall(text_of("Makefile")))
    named = {
        (target, name)
        for name in [*documents(), WORKFLOW, *files_of_issues()]
        if not name.startswith(("docs/decisions/", "benchmarks/"))
        for target in COMMANDS.findall(text_of(name))
    }
    assert {"run", "test", "key"} <= {target for target, _ in named}
    assert [each for each in named if each[0] not in targets] == []


def test_every_named_make_variable_is_one_of_its_target() -> None:
    makefile = text_of("Makefile")
    unknown = [
        (target, variable, name)
        for name in documents()
        # These tell of earlier versions, too.
        if not name.startswith(("docs/decisions/", "benchmarks/", "CHANGELOG.md"))
        for target, variables in CALLS.findall(text_of(name))
        for variable in re.findall(r"([A-Z_]+)=", variables)
        if not re.search(rf"^{target}:.*\b{variable}\b", makefile, re.MULTILINE)
    ]
    assert CALLS.findall(text_of("docs/operate.md"))
    assert unknown == []


def test_every_alarm_has_its_section() -> None:
    queues = [name for name in resources("AWS::SQS::Queue") if name.endswith("DeadLetters")]
    alarms = [*resources("AWS::CloudWatch::Alarm"), *(f"{name}Alarm" for name in queues)]
    assert {section_of(name) for name in alarms} <= anchors_of("docs/operate.md")


@pytest.mark.parametrize("name", documents())
def test_every_link_resolves(name: str) -> None:
    for target in links_of(name):
        path, _, anchor = target.partition("#")
        found = (ROOT / name).parent.joinpath(path) if path else ROOT / name
        assert found.exists(), target
        if anchor:
            assert anchor in anchors_of(str(found.resolve().relative_to(ROOT))), target


def test_the_commit_rule_is_documented() -> None:
    contributing = " ".join(text_of("CONTRIBUTING.md").split())
    for rule in ("one line of at most 72 characters", "imperative", "says what changed"):
        assert rule in contributing


def test_the_changelog_has_unreleased_changes() -> None:
    changelog = text_of("CHANGELOG.md")
    assert re.search(r"^## \[Unreleased\]$", changelog, re.MULTILINE)
    assert not re.search(r"^## \[Unreleased\]\s*\Z", changelog, re.MULTILINE)


def files_of_issues() -> list[str]:
    return [name for name in files() if name.startswith(".github/ISSUE_TEMPLATE/")]


def workflow() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(text_of(WORKFLOW))
    return loaded


def test_ci_runs_the_checks_on_the_oldest_and_newest_python() -> None:
    check = workflow()["jobs"]["check"]
    assert ".ci/run" in [step.get("run") for step in check["steps"]]
    assert check["strategy"]["matrix"]["python"] == ["3.11", "3.13"]


def test_ci_can_only_read_and_runs_pinned_actions() -> None:
    assert workflow()["permissions"] == {"contents": "read"}
    steps = [step for job in workflow()["jobs"].values() for step in job["steps"]]
    actions = [step["uses"] for step in steps if "uses" in step]
    assert actions
    assert [
        each for each in actions if not re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", each)
    ] == []
    assert not any("permissions" in job for job in workflow()["jobs"].values())


def test_hooks_download_nothing() -> None:
    hooks = yaml.safe_load(text_of(".pre-commit-config.yaml"))["repos"]
    assert {each["repo"] for each in hooks} == {"local"}
    used = [hook for each in hooks for hook in each["hooks"]]
    assert {hook["language"] for hook in used} <= {"system", "pygrep"}


@pytest.mark.parametrize("kind", ["yml", "yaml"])
def test_every_yaml_file_is_readable(kind: str) -> None:
    found = [name for name in files() if name.startswith(".") and Path(name).suffix == f".{kind}"]
    assert found
    for name in found:
        assert yaml.safe_load(text_of(name)), name


def test_files_end_with_one_newline_and_have_no_conflict_markers() -> None:
    """Bodies under ``events/providers`` are stored as they were sent."""
    texts = {name: text_of(name) for name in files() if not name.startswith("events/providers/")}
    assert [
        name for name, text in texts.items() if text and not re.search(r"[^\n]\n\Z", text)
    ] == []
    conflict = re.compile(r"^(<{7}|={7}|>{7})( |$)", re.MULTILINE)
    assert [name for name, text in texts.items() if conflict.search(text)] == []


def test_every_command_block_names_its_language() -> None:
    pages = [name for name in documents() if name.startswith("docs/") or "/" not in name]
    drawn = {"docs/architecture.md"}
    assert [
        block
        for name in pages
        if name not in drawn and "decisions" not in name
        for block in blocks(name, "")
    ] == []
