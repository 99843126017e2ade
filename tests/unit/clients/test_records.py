"""The client's records against the API's description, and its calls against its routes."""

import dataclasses
import inspect
import re
import types
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final, get_args, get_origin, get_type_hints

import pytest
from ringback.domain.jobs import FINAL
from ringback_client import AsyncRingback, Ringback, asynchronous, blocking, calls
from ringback_client.errors import BY_TYPE, UnexpectedAnswer
from ringback_client.filters import JobFilters, parameters_of
from ringback_client.reading import read
from ringback_client.records import jobs as job_records
from ringback_client.records.account import (
    Account,
    ClientAccount,
    Deliveries,
    Delivery,
    ListedReceiver,
    ProviderAccount,
    ReceiverState,
    Used,
)
from ringback_client.records.drops import (
    BadRow,
    Drop,
    DropDetails,
    DropEstimate,
    DropPage,
    Receipt,
    RetriedDrop,
    RowError,
)
from ringback_client.records.jobs import (
    Image,
    Job,
    JobError,
    JobPage,
    MissingImage,
    Outcomes,
    Quarantined,
    Step,
    Timeline,
    Wait,
)
from ringback_client.records.models import DryRun, Estimate, Model, Models, Price
from ringback_client.records.uploads import OpenedUpload

from tests.support.client_api import a_job, an_image, job_id
from tests.support.openapi import described
from tests.support.repository import text_of

SCHEMAS: Final = {
    **{"shownJob": Job, "error": JobError, "image": Image},
    **{"missingImage": MissingImage, "quarantined": Quarantined},
    **{"account": Account, "wait": Wait, "jobPage": JobPage},
    **{"dryRun": DryRun, "estimate": Estimate, "models": Models},
    **{"model": Model, "price": Price, "deliveries": Deliveries},
    **{"receiverState": ReceiverState, "delivery": Delivery},
    "used": Used,
    "outcomes": Outcomes,
    "retriedDrop": RetriedDrop,
    "openedUpload": OpenedUpload,
    **{"timeline": Timeline, "step": Step},
    **{"clientAccount": ClientAccount, "providerAccount": ProviderAccount},
    "listedReceiver": ListedReceiver,
    **{"drop": Drop, "dropPage": DropPage, "dropDetails": DropDetails},
    **{"dropEstimate": DropEstimate, "badRow": BadRow},
    "fieldError": RowError,
    "receipt": Receipt,
}
TYPES: Final = {
    **{str: "string", int: "integer", float: "number", bool: "boolean", datetime: "string"},
    **{date: "string", tuple: "array", Mapping: "object"},
}


def whole(name: str) -> dict[str, Any]:
    """Return the schema with all of its parts."""
    schema: dict[str, Any] = described()["components"]["schemas"][name]
    required = list(schema.get("required", []))
    properties = dict(schema.get("properties", {}))
    for part in schema.get("allOf", []):
        inner = whole(part["$ref"].rpartition("/")[2]) if "$ref" in part else part
        required += inner.get("required", [])
        properties |= inner["properties"]
    return {"required": required, "properties": properties}


def kinds_of(schema: Mapping[str, Any]) -> set[str]:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return kinds_of(described()["components"]["schemas"][name])
    if "oneOf" in schema:
        return {kind for each in schema["oneOf"] for kind in kinds_of(each)}
    found = schema.get("type", "string" if "enum" in schema else "object")
    return {found} if isinstance(found, str) else set(found)


def kinds_of_annotation(annotation: Any) -> set[str]:
    if isinstance(annotation, types.UnionType):
        return {kind for each in get_args(annotation) for kind in kinds_of_annotation(each)}
    if annotation is type(None):
        return {"null"}
    if dataclasses.is_dataclass(annotation):
        return {"object"}
    return {TYPES[get_origin(annotation) or annotation]}


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_record_has_the_fields_that_the_api_describes(name: str) -> None:
    schema, record = whole(name), SCHEMAS[name]
    hints = get_type_hints(record)
    assert hints.keys() == schema["properties"].keys()
    for each in dataclasses.fields(record):
        is_required = each.default is dataclasses.MISSING
        assert is_required == (each.name in schema["required"]), each.name
        kinds = kinds_of_annotation(hints[each.name])
        # What may be missing is None.
        assert kinds - {"null"} == kinds_of(schema["properties"][each.name]) - {"null"}, each.name
        if is_required:
            described_null = "null" in kinds_of(schema["properties"][each.name])
            assert ("null" in kinds) == described_null, each.name


def test_every_schema_of_an_answer_has_a_record() -> None:
    left_out = {"job", "listedJob", "batch", "upload", "moment", "momentOrNull", "problem"}
    # A page of usage has a field `from`, which no name in Python can be.
    left_out |= {"gatewayMessage", "usage"}
    schemas = {name for name in described()["components"]["schemas"] if "request" not in name}
    assert schemas - left_out == SCHEMAS.keys()


def test_the_final_states_are_those_of_the_api() -> None:
    assert set(FINAL) == job_records.FINAL


EVERY_FILTER = JobFilters(
    status="failed",
    model="m",
    tag=["a", "b"],
    source="s",
    since=date(2026, 11, 1),
    until=date(2026, 12, 1),
    search="kite",
)


def all_calls() -> list[calls.Call[Any]]:
    an_id = job_id(1)
    return [
        calls.create_job("m", {}, idempotency_key="k", call_back_url=None),
        calls.create_jobs([], idempotency_key="k"),
        calls.price_job("m", {}),
        calls.list_jobs(parameters_of(EVERY_FILTER), limit=1, cursor="c"),
        calls.sum_usage(since=date(2026, 11, 1), until=date(2026, 12, 1), by="day", cursor="c"),
        calls.retry_job(an_id, idempotency_key="k"),
        calls.retry_drop("s"),
        calls.open_upload("5e", 1, "image/png"),
        calls.list_models(),
        calls.get_model("a/b"),
        calls.resume_provider("kie"),
        calls.get_account(),
        calls.list_drops(limit=1, cursor="c"),
        calls.get_drop("requests/a.csv", version="v", cursor="c"),
        calls.resume_receiver("studio.example"),
        *(each(an_id) for each in (calls.get_job, calls.cancel_job, calls.archive_job)),
        calls.delete_job(an_id),
        *(each(an_id) for each in (calls.notify_again, calls.list_deliveries)),
        calls.get_timeline(an_id),
    ]


def route_of(call: calls.Call[Any]) -> tuple[str, str]:
    path = call.path.replace(job_id(1), "{job_id}").replace("a/b", "{model_id}")
    path = (
        path.replace("requests/a.csv", "{file}")
        .replace("kie", "{name}")
        .replace("studio.example", "{id}")
    )
    return call.method.lower(), path


def test_the_client_has_every_route_with_its_parameters() -> None:
    paths = described()["paths"]
    routes = {(method, path) for path, methods in paths.items() for method in methods}
    assert {route_of(call) for call in all_calls()} == routes - {
        ("get", "/docs"),
        ("get", "/openapi.json"),
    }
    for call in all_calls():
        method, path = route_of(call)
        known = {each["name"]: each["in"] for each in paths[path][method].get("parameters", [])}
        sent = dict.fromkeys(call.parameters, "query") | dict.fromkeys(call.headers, "header")
        assert sent.items() <= known.items()


def test_every_type_of_problem_has_its_class() -> None:
    documented = set(re.findall(r"\| `/docs#([\w-]+)` \|", text_of("docs/errors.md")))
    # Only providers call the route that asks for a signature.
    assert documented - {"signature-rejected"} == BY_TYPE.keys()


@pytest.mark.parametrize("name", ["Jobs", "Drops", "Uploads", "Models", "Providers", "Ringback"])
def test_both_clients_have_the_same_methods(name: str) -> None:
    one, other = getattr(blocking, name), getattr(asynchronous, f"Async{name}")
    methods = {key for key in vars(one) if not key.startswith("_")}
    assert methods == {key for key in vars(other) if not key.startswith("_")}
    for method in methods:
        ours = inspect.signature(getattr(one, method)).parameters
        theirs = inspect.signature(getattr(other, method)).parameters
        assert [*map(str, ours.values())] == [*map(str, theirs.values())], method
        assert getattr(one, method).__doc__ == getattr(other, method).__doc__
    assert Ringback.__doc__ == AsyncRingback.__doc__


def test_unknown_fields_are_left_out_and_missing_ones_refused() -> None:
    job = read(Job, a_job(status="succeeded", news=1))
    assert job.images[0].sha256 == an_image(1)["sha256"]
    assert job.created_at.utcoffset() is not None
    for name in ("status", "images"):
        shown = a_job()
        del shown[name]
        with pytest.raises(UnexpectedAnswer, match=name):
            read(Job, shown)


@pytest.mark.parametrize(
    ("name", "value"),
    [("status", 1), ("changes", True), ("changes", "1"), ("created_at", "now"), ("images", {}),
     ("input", []), ("input_checked", 1), ("error", []), ("credits", "3")],
)  # fmt: skip
def test_a_field_of_another_type_is_refused(name: str, value: object) -> None:
    with pytest.raises(UnexpectedAnswer, match=name):
        read(Job, a_job() | {name: value})
