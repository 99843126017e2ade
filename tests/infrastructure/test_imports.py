"""The modules that each function loads, in a fresh interpreter that imports it as Lambda does."""

import re
import sys
from functools import cache
from importlib.metadata import packages_distributions

import pytest

from tests.support.interpreters import printed_by
from tests.support.template import ROOT

FUNCTIONS = sorted(path.name for path in (ROOT / "functions").iterdir())
CALLS_NO_PROVIDER = [
    *("accept_job", "authorize_client", "change_job", "describe_models", "follow_jobs"),
    *("make_thumbnails", "manage_account", "open_upload", "query_jobs", "receive_callback"),
    *("serve_provider_apis", "serve_studio", "show_progress"),
    *("summarize_drops", "take_drops"),
]
REPORT = "import app, sys; print(*sorted(sys.modules), sep='\\n')"


@cache
def loaded_by(function: str) -> frozenset[str]:
    arguments = ("-W", "error", "-c", REPORT)
    own = ROOT / "functions" / function
    return frozenset(printed_by(*arguments, packages=ROOT / "layers/shared", cwd=own).split())


@cache
def in_the_layer() -> frozenset[str]:
    """Return the names of the distributions in the dependencies layer."""
    return locked("requirements")


def locked(name: str) -> frozenset[str]:
    lock = (ROOT / "layers" / "dependencies" / f"{name}.txt").read_text()
    return frozenset(re.findall(r"^([a-z0-9-]+)==", lock, re.MULTILINE))


def test_the_layer_has_what_the_project_needs() -> None:
    assert {"aws-lambda-powertools", "botocore", "httpx", "pydantic"} <= in_the_layer()
    assert in_the_layer().isdisjoint(
        {"boto3", "s3transfer", "moto", "pytest", "hypothesis", "pillow", "mypy"}
    )


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_imports_only_what_is_deployed(function: str) -> None:
    tops = {name.partition(".")[0] for name in loaded_by(function)} - sys.stdlib_module_names
    owners, pictures = packages_distributions(), locked("pictures")
    deployed = in_the_layer() | {"ringback"}
    if function == "make_thumbnails":
        assert "PIL" in tops
        deployed |= pictures
    # httpx loads these for a command of its own where they are installed; the layer has none.
    optional = {"click", "rich", "pygments"} if "httpx" in tops else set[str]()
    assert optional.isdisjoint(in_the_layer())
    foreign = {
        (top, name.lower())
        for top in tops - optional
        for name in owners.get(top, [])
        if name.lower().replace("_", "-") not in deployed
    }
    assert foreign == set()
    assert tops.isdisjoint({"pytest", "moto", "hypothesis", "yaml", "tests", "local"})


# What takes longest to load, and who may load it: each is 0.3 to 2.5 times an empty handler.
HEAVY = (
    *(
        "aws_xray_sdk",
        "boto3",
        "botocore.session",
        "email.mime",
        "httpx",
        "PIL",
        "PIL.WebPImagePlugin",  # else Pillow loads all that it has
        "pydantic",
        "s3transfer",
    ),
    *("cryptography", "jsonschema", "asyncio", "ringback.catalogue"),
)
BUDGET = {function: {"botocore.session"} for function in FUNCTIONS} | {
    "describe_models": {"pydantic", "ringback.catalogue"},
    "serve_studio": set(),
    "make_thumbnails": {"botocore.session", "PIL", "PIL.WebPImagePlugin"},
    "open_upload": {"botocore.session", "pydantic", "ringback.catalogue"},
    "accept_job": {"botocore.session", "pydantic", "ringback.catalogue"},
    "serve_provider_apis": {"botocore.session", "pydantic", "ringback.catalogue"},
    "take_drops": {"botocore.session", "pydantic", "ringback.catalogue"},
    "run_canary": {"botocore.session", "httpx"},
    "answer_canary": {"botocore.session", "httpx"},
}
# Each of their events needs an HTTP client.
OF_THE_CANARY = ("run_canary", "answer_canary")


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_loads_only_the_heavy_modules_that_it_needs(function: str) -> None:
    assert {name for name in HEAVY if name in loaded_by(function)} == BUDGET[function]


_READS_REQUESTS = {"accept_job", "serve_provider_apis", "take_drops"}
_HEARS_PROVIDERS = {"check_jobs", "receive_callback", "submit_job"}
# Our own parts, each of several modules, and who may load them.
LOADED_BY = {
    "ringback.callbacks": {
        *_HEARS_PROVIDERS,
        *("answer_canary", "notify_client", "serve_provider_apis"),
    },
    "ringback.catalogue.models": {*_READS_REQUESTS, "describe_models"},
    "ringback.images.formats": {"archive_images"},
    "ringback.outbound": {
        *_READS_REQUESTS,
        *("archive_images", "describe_models", "notify_client"),
    },
    "ringback.providers.registry": {
        *_READS_REQUESTS,
        *_HEARS_PROVIDERS,
        *("archive_images", "change_job", "manage_account", "notify_client"),
    },
    "ringback.sheets": {"take_drops"},
    "ringback.studio": {"serve_studio"},
    "ringback.thumbnails": {"make_thumbnails"},
}


@pytest.mark.parametrize("part", LOADED_BY)
def test_a_part_is_loaded_only_by_functions_that_need_it(part: str) -> None:
    assert {function for function in FUNCTIONS if part in loaded_by(function)} == LOADED_BY[part]


@pytest.mark.parametrize("function", CALLS_NO_PROVIDER)
def test_functions_without_provider_calls_load_no_http_client(function: str) -> None:
    names = loaded_by(function)
    assert "httpx" not in names
    assert not [name for name in names if re.fullmatch(r"ringback\.providers\.\w+\.client", name)]
    assert "ringback.images.download" not in names


@pytest.mark.parametrize("function", sorted({*FUNCTIONS} - {*OF_THE_CANARY}))
def test_clients_and_readers_are_loaded_on_first_use(function: str) -> None:
    parts = re.compile(r"ringback\.providers\.\w+\.(client|callback|api|webhooks)")
    assert not [name for name in loaded_by(function) if parts.fullmatch(name)]
    assert "httpx" not in loaded_by(function)


@pytest.mark.parametrize(
    ("function", "unneeded"),
    [
        ("receive_callback", ["ringback.catalogue", "ringback.aws.image_bucket"]),
        ("authorize_client", ["ringback.catalogue", "ringback.aws.job_table"]),
        ("follow_jobs", ["ringback.catalogue", "ringback.callbacks", "ringback.aws.queues"]),
        ("query_jobs", ["ringback.catalogue", "ringback.callbacks", "ringback.aws.queues"]),
        ("manage_account", ["ringback.catalogue", "ringback.callbacks", "ringback.aws.queues"]),
        ("show_progress", ["ringback.catalogue", "ringback.callbacks", "ringback.aws.queues"]),
        ("check_jobs", ["ringback.catalogue", "ringback.images.download"]),
        ("archive_images", ["ringback.catalogue", "ringback.callbacks", "PIL"]),
        ("make_thumbnails", ["ringback.catalogue", "ringback.images", "ringback.aws.queues"]),
        ("describe_models", ["ringback.aws", "ringback.providers", "ringback.settings", "boto3"]),
        ("serve_studio", ["ringback.aws", "ringback.use_cases", "ringback.json_bodies"]),
        (
            "accept_job",
            ["ringback.catalogue.schemas", "ringback.images.formats", "ringback.aws.secrets"],
        ),
        ("take_drops", ["ringback.catalogue.schemas", "ringback.images.formats"]),
        ("serve_provider_apis", ["ringback.catalogue.schemas", "ringback.images.formats"]),
        (
            "submit_job",
            [
                "ringback.catalogue",
                "ringback.images",
                "ringback.sheets",
                "ringback.aws.image_bucket",
            ],
        ),
    ],
)
def test_a_function_loads_only_our_modules_that_it_uses(function: str, unneeded: list[str]) -> None:
    assert loaded_by(function).isdisjoint(unneeded)


def test_no_function_loads_unused_powertools() -> None:
    """Each costs more than all of our own code: docs/decisions/0006."""
    for function in FUNCTIONS:
        assert not [
            name
            for name in loaded_by(function)
            if name.startswith("aws_lambda_powertools.event_handler")
            or name.startswith("aws_lambda_powertools.utilities.idempotency")
            or name.startswith("aws_lambda_powertools.utilities.batch")
        ]
