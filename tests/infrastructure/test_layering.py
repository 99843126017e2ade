"""Checks every import against the table of layers in docs/architecture.md."""

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from tests.support.template import ROOT

SHARED = ROOT / "layers" / "shared"
FUNCTIONS = ROOT / "functions"
# `_typeshed` is part of the standard library for type checkers.
STANDARD = sys.stdlib_module_names | {"_typeshed"}
AWS = frozenset(
    {
        "botocore",
        "types_boto3_apigatewaymanagementapi",
        "types_boto3_dynamodb",
        "types_boto3_events",
        "types_boto3_s3",
        "types_boto3_secretsmanager",
        "types_boto3_sqs",
    }
)


@dataclass(frozen=True)
class Layer:
    """The imports of a layer besides itself and the standard library: our own, and others."""

    ours: tuple[str, ...] = ()
    others: frozenset[str] = frozenset()


LAYERS: Final = {
    "ringback.domain": Layer(),
    "ringback.json_bodies": Layer(("domain",)),
    "ringback.catalogue": Layer(
        ("domain", "outbound", "json_bodies"), frozenset({"pydantic", "pydantic_core"})
    ),
    "ringback.use_cases": Layer(("domain",)),
    "ringback.sheets": Layer(("domain", "catalogue", "use_cases", "json_bodies")),
    "ringback.callbacks": Layer(("domain", "use_cases")),
    "ringback.providers": Layer(
        ("domain", "use_cases", "callbacks.signatures", "json_bodies"),
        frozenset({"certifi", "httpcore", "httpx"}),
    ),
    # For any outbound request: it does not depend on images.
    "ringback.outbound": Layer(("domain",)),
    "ringback.images": Layer(("domain", "use_cases", "outbound", "json_bodies")),
    "ringback.aws": Layer(("domain", "use_cases", "json_bodies"), AWS),
    # Decodes images, in the only function that has the layer with Pillow.
    "ringback.thumbnails": Layer(("domain", "use_cases"), frozenset({"PIL"})),
    "ringback.settings": Layer(("domain", "variables")),
    "ringback.variables": Layer(),
    "ringback.metrics": Layer(("domain", "variables")),
    "ringback.metric_table": Layer(("domain", "metrics")),
    "ringback.starting": Layer(("metrics",), frozenset({"aws_lambda_powertools"})),
    # The page for browsers, as files; nothing else of ours.
    "ringback.studio": Layer(),
    "ringback.job_log": Layer(("domain",), frozenset({"aws_lambda_powertools"})),
    "ringback.job_metrics": Layer(
        ("domain", "metrics", "metric_table", "job_log"), frozenset({"aws_lambda_powertools"})
    ),
    "ringback.lambda_events": Layer(
        ("domain", "json_bodies", "metrics", "metric_table", "starting"),
        frozenset({"aws_lambda_powertools"}),
    ),
    "ringback.drop_notifications": Layer(
        ("domain", "lambda_events"), frozenset({"aws_lambda_powertools"})
    ),
    "ringback.http_api": Layer(
        ("domain", "use_cases", "json_bodies"),
        frozenset({"aws_lambda_powertools"}),
    ),
    "ringback.live_requests": Layer(("domain", "json_bodies")),
    "functions": Layer(
        (
            *("domain", "catalogue", "use_cases", "callbacks", "providers", "images", "aws"),
            *("outbound", "sheets", "thumbnails", "settings", "http_api", "job_log", "job_metrics"),
            *("lambda_events", "drop_notifications", "live_requests", "starting", "studio"),
        ),
    ),
}


def is_within(name: str, *places: str) -> bool:
    return any(name == place or name.startswith(f"{place}.") for place in places)


def imported_names(source: str) -> Iterator[str]:
    """Yield every imported name in the file; a relative import starts with a dot."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = "." * node.level + (node.module or "")
            yield from (f"{start}.{alias.name}" for alias in node.names)


def forbidden_imports(module: str, source: str) -> list[str]:
    """Return the imports that the module's layer does not allow."""
    home = next((name for name in LAYERS if is_within(module, name)), None)
    if home is None:
        return [f"{module} is in no layer"]
    layer, found = LAYERS[home], []
    # Functions share code only through the layers.
    own = module if home == "functions" else home
    ours = [own, *(f"ringback.{place}" for place in layer.ours)]
    for name in imported_names(source):
        top = name.partition(".")[0]
        # Only app.py reads the environment.
        allowed = top in STANDARD | layer.others and (top != "os" or home == "functions")
        if not allowed and not is_within(name, *ours):
            found.append(f"{module} imports {name}")
    return found


def modules() -> Iterator[tuple[str, Path]]:
    for folder, root in ((SHARED / "ringback", SHARED), (FUNCTIONS, ROOT)):
        for path in sorted(folder.rglob("*.py")):
            module = ".".join(path.relative_to(root).with_suffix("").parts)
            if module != "ringback.__init__":
                yield module, path


def test_every_layer_exists() -> None:
    """Without its modules, a layer's rule would check nothing."""
    named = [module for module, _ in modules()]
    assert [layer for layer in LAYERS if not any(is_within(name, layer) for name in named)] == []


def test_each_module_imports_only_what_its_layer_allows() -> None:
    read = [(module, path.read_text()) for module, path in modules()]
    assert len(read) > 40
    assert [found for module, source in read for found in forbidden_imports(module, source)] == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("ringback.domain.jobs", "import pydantic"),
        ("ringback.domain.jobs", "from ringback.use_cases.ports import JobStore"),
        ("ringback.domain.jobs", "from ringback import settings"),
        ("ringback.domain.jobs", "def f():\n    import boto3"),
        ("ringback.domain.jobs", "from os import environ"),
        ("ringback.domain.jobs", "from ..use_cases import ports"),
        ("ringback.use_cases.submit_job", "import os.path"),
        ("ringback.use_cases.submit_job", "import httpx"),
        ("ringback.use_cases.submit_job", "from ringback.catalogue.requests import read_request"),
        ("ringback.use_cases.submit_job", "from ringback.aws.job_table import JobTable"),
        ("ringback.catalogue.models", "from ringback.use_cases.ports import JobStore"),
        ("ringback.catalogue.models", "import httpx"),
        ("ringback.sheets.rows", "import pydantic"),
        ("ringback.callbacks.tokens", "from ringback.providers.registry import PROVIDERS"),
        ("ringback.providers.kie.client", "from ringback.callbacks.tokens import make_token"),
        ("ringback.providers.kie.client", "from ringback.callbacks import tokens"),
        ("ringback.providers.kie.client", "from ringback.aws import secrets"),
        ("ringback.images.download", "import httpx"),
        ("ringback.aws.job_table", "from ringback.outbound.urls import parse_url"),
        ("ringback.aws.job_table", "import pydantic"),
        ("ringback.settings", "import boto3"),
        ("ringback.settings", "import pydantic"),
        ("ringback.http_api.replies", "from ringback.settings import Settings"),
        ("functions.submit_job.app", "from functions.query_jobs.app import handle"),
        ("functions.submit_job.app", "import httpx"),
        ("functions.submit_job.app", "import boto3"),
        ("functions.submit_job.app", "from tests.support.jobs import a_job"),
        ("functions.submit_job.app", "import pytest"),
        ("ringback.helpers", ""),
    ],
)
def test_a_planted_violation_is_found(module: str, source: str) -> None:
    assert len(forbidden_imports(module, source)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("ringback.providers.kie.callback", "from ringback.callbacks.signatures import verify"),
        ("ringback.aws.queues", "if TYPE_CHECKING:\n    from types_boto3_sqs import SQSClient"),
        ("functions.submit_job.app", "import os, secrets\nfrom ringback.domain import jobs"),
    ],
)
def test_allowed_imports_are_not_reported(module: str, source: str) -> None:
    assert forbidden_imports(module, source) == []


# Our own items and the build's schemas, as we wrote them, are not foreign.
MAY_PARSE_JSON = (
    *("ringback.json_bodies", "ringback.aws.request_items"),
    "ringback.catalogue.precompiled_models",
)
PARSERS = ("loads", "JSONDecoder", "from_json", "model_validate_json", "validate_json")


def json_parsers(source: str) -> list[str]:
    """Return each name in the source that parses JSON, called or handed on."""
    tree = ast.parse(source)
    used = [node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    used += [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)]
    called = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    # `response.json()`, but not the argument of that name.
    used += [
        "JSONDecoder" for node in called if isinstance(node, ast.Attribute) and node.attr == "json"
    ]
    return [name for name in used if name in PARSERS]


def test_only_one_module_parses_what_others_wrote() -> None:
    """Elsewhere half an emoji, a repeated key or deep nesting would be handled otherwise."""
    for module, path in modules():
        if module not in MAY_PARSE_JSON:
            assert json_parsers(path.read_text()) == [], module


@pytest.mark.parametrize(
    "source",
    [
        "json.loads(body)",
        "from json import loads\nloads(body)",
        "from pydantic_core import from_json as read\nfrom_json(body)",
        "Task.model_validate_json(body)",
        "response.json()",
        "map(json.loads, bodies)",
    ],
)
def test_a_planted_json_parser_is_found(source: str) -> None:
    assert json_parsers(source) != []
    assert json_parsers("json.dumps(body); post(json=body)") == []


def test_a_function_is_a_single_file() -> None:
    """Beside the page that one of them serves."""
    for folder in FUNCTIONS.iterdir():
        files = {path.name for path in folder.iterdir()} - {"__pycache__"}
        page = {"page"} if folder.name == "serve_studio" else set()
        assert files == {"app.py", *page}, folder.name


def test_a_handler_has_at_most_70_lines() -> None:
    for app in FUNCTIONS.glob("*/app.py"):
        assert len(app.read_text().splitlines()) <= 70, app


def dependencies() -> dict[str, dict[str, str]]:
    """Return the fields and properties of each class in ``use_cases``, and their types' names."""
    found: dict[str, dict[str, str]] = {}
    for path in (SHARED / "ringback" / "use_cases").glob("*.py"):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef):
                found[node.name] = {
                    field.target.id: ast.unparse(field.annotation)
                    for field in node.body
                    if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
                } | {
                    method.name: ast.unparse(method.returns)
                    for method in node.body
                    if isinstance(method, ast.FunctionDef)
                    and method.returns
                    and "property" in map(ast.unparse, method.decorator_list)
                }
    return found


def reach_throughs(source: str, known: dict[str, dict[str, str]]) -> Iterator[str]:
    """Yield each use of a dependency of a dependency: ``self.accept.jobs``, ``accept.jobs``."""
    for node in ast.walk(ast.parse(source)):
        types: dict[str, str] = {}
        if isinstance(node, ast.ClassDef):
            own = known.get(node.name, {})
            types = {f"self.{field}": kind for field, kind in own.items()}
        elif isinstance(node, ast.FunctionDef):
            types = {
                each.arg: ast.unparse(each.annotation) for each in node.args.args if each.annotation
            }
        for each in ast.walk(node):
            if isinstance(each, ast.Attribute):
                fields = known.get(types.get(ast.unparse(each.value), ""), {})
                if each.attr in fields:
                    yield ast.unparse(each)


def test_use_case_dependencies_are_not_used_from_outside() -> None:
    """What code needs is a field or an argument of its own, not taken from a use case."""
    known = dependencies()
    use_cases = {name: fields for name, fields in known.items() if "jobs" in fields}
    assert len(use_cases) > 8
    sources = [path.read_text() for module, path in modules() if "use_cases" in module]
    sources += [path.read_text() for path in FUNCTIONS.glob("*/app.py")]
    assert [found for source in sources for found in reach_throughs(source, use_cases)] == []


@pytest.mark.parametrize(
    "source",
    [
        "def handle(event, accept: AcceptJob):\n    accept.jobs.get(1)",
        "class PostJob:\n    def __call__(self):\n        return self.accept.now()",
    ],
)
def test_a_planted_reach_through_is_found(source: str) -> None:
    known = {"AcceptJob": {"jobs": "JobStore", "now": "Now"}, "PostJob": {"accept": "AcceptJob"}}
    assert len([*reach_throughs(source, known)]) == 1


def test_boto3_resources_are_not_used() -> None:
    """They are frozen, untyped and slow to create."""
    for module, path in modules():
        for node in ast.walk(ast.parse(path.read_text())):
            assert not (isinstance(node, ast.Attribute) and node.attr == "resource"), module


def test_no_use_case_names_a_provider() -> None:
    """A new provider changes no use case: docs/adding-a-provider.md. The canary is no new one."""
    names = [path.name for path in (SHARED / "ringback" / "providers").iterdir() if path.is_dir()]
    providers = {name for name in names if not name.startswith("_")} - {"canary"}
    assert len(providers) >= 2
    for folder in ("domain", "use_cases"):
        for path in (SHARED / "ringback" / folder).glob("*.py"):
            text = re.sub(r'""".*?"""|#.*', "", path.read_text(), flags=re.DOTALL)
            assert [name for name in providers if name in text.lower()] == [], path
