"""A job's request as attributes of its item, and back.

Each write of a job is billed by the size of its item, so nothing stands in it twice: what a client
sent is, but for defaults, what its model gets. Versions before this one read ``request``, which has
all that a provider is sent; to them the client sent nothing (docs/decisions/0027). Once a job is
being sent, the input is packed: to those versions it is empty from then on (docs/decisions/0049).
"""

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final

from ringback.aws.packed_texts import pack, unpack
from ringback.domain.jobs import JobRequest
from ringback.domain.versions import of_any_version

REQUEST: Final = "request"
# Fields of a request that the first version fails on. It ignores attributes that it does not know,
# so they are in one of their own.
REQUEST_DETAILS: Final = "request_details"
# What an input is packed into. ``request`` has model and provider only then.
PACKED: Final = "packed"
_DETAILS: Final = ("call_back_url", "form")
_ALWAYS: Final = ("model", "provider", "input", "sent")
# What a client calls ``call_back_url``.
_URL: Final = "callBackUrl"


def to_plain(request: JobRequest) -> dict[str, Any]:
    """Return the attributes; the details are left out if there are none."""
    written = {each.name: getattr(request, each.name) for each in fields(JobRequest)}
    for name, default in _defaults().items():
        if written[name] == default:
            del written[name]
    details: dict[str, Any] = {name: written.pop(name) for name in _DETAILS if name in written}
    if (sent := _not_in_input(request)) is not None:
        details |= sent
        written["sent"] = {}
    return {REQUEST: as_text(written), **({REQUEST_DETAILS: details} if details else {})}


def to_packed(request: JobRequest) -> dict[str, Any]:
    """Return the attributes of a request that is being sent, or was."""
    plain = to_plain(request)
    written = json.loads(plain[REQUEST])
    stub = {"model": request.model, "provider": request.provider, "input": {}, "sent": {}}
    more = {name: value for name, value in written.items() if stub.get(name) != value}
    if details := plain.get(REQUEST_DETAILS):
        more["details"] = details
    return {REQUEST: as_text(stub), PACKED: pack(as_text(more))}


def from_packed(text: str, packed: bytes) -> JobRequest:
    more = json.loads(unpack(packed))
    details = more.pop("details", {})
    return from_plain(as_text(json.loads(text) | more), details)


def from_plain(text: str, details: Mapping[str, Any]) -> JobRequest:
    written = json.loads(text)
    if "defaults" in details:
        written["sent"] = _sent(written, details)
    return of_any_version(
        JobRequest, written | {name: details[name] for name in _DETAILS if name in details}
    )


def _sent(written: Mapping[str, Any], details: Mapping[str, Any]) -> dict[str, Any]:
    rest = json.loads(details.get("rest", "{}"))
    given = {k: v for k, v in written["input"].items() if k not in details["defaults"]}
    url = {_URL: details["call_back_url"]} if details.get("sent_url") else {}
    return {"model": written["model"], **url, **rest, "input": given | rest.get("input", {})}


def _not_in_input(request: JobRequest) -> dict[str, Any] | None:
    """Return what ``sent`` has that the rest of the request doesn't tell; ``None`` if all of it.

    ``defaults`` names the fields of the input that the client left out, ``rest`` is the rest as
    text: DynamoDB has no floats.
    """
    rest, given = dict(request.sent), request.sent.get("input")
    if rest.pop("model", None) != request.model or not isinstance(given, Mapping):
        return None
    rest["input"] = {name: value for name, value in given.items() if not _is_in(request, name)}
    if not rest["input"]:
        del rest["input"]
    found: dict[str, Any] = {"defaults": [name for name in request.input if name not in given]}
    if request.call_back_url and rest.get(_URL) == request.call_back_url:
        del rest[_URL]
        found["sent_url"] = True
    return found | ({"rest": as_text(rest)} if rest else {})


def _is_in(request: JobRequest, name: str) -> bool:
    # As text: 1, 1.0 and True are equal in Python, and different in JSON.
    sent = request.sent["input"][name]
    return name in request.input and as_text(request.input[name]) == as_text(sent)


def _defaults() -> dict[str, Any]:
    plain = JobRequest(model="", provider="", input={}, sent={})
    return {
        each.name: getattr(plain, each.name)
        for each in fields(JobRequest)
        if each.name not in _ALWAYS
    }


def as_text(value: Any) -> str:
    # As text: DynamoDB has no floats, and a request must be read back exactly as it was sent.
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
