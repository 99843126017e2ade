"""Jobs as DynamoDB items, and back."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from ringback.aws.table_items import Item, plain, typed
from ringback.domain.images import ImageFacts, Quarantined, Remains, StoredImage
from ringback.domain.jobs import ErrorKind, Job, JobError, JobRequest, JobStatus
from ringback.domain.marks import Marks
from ringback.domain.versions import of_any_version

# Fields of a request that the first version fails on. It ignores attributes that it does not know,
# so they are in one of their own (docs/decisions/0027).
REQUEST_DETAILS: Final = "request_details"
_DETAILS: Final = ("call_back_url", "form")


def _image_to_plain(image: StoredImage) -> dict[str, Any]:
    more = {"thumbnail": image.thumbnail} if image.thumbnail else {}
    return {"key": image.key, "source_url": image.source_url, **asdict(image.facts), **more}


def _image_from_plain(number: str, plain: dict[str, Any]) -> StoredImage:
    measures = ("width", "height", "bytes", "trailing_bytes")
    read: dict[str, Any] = {name: int(plain[name]) for name in measures if name in plain}
    read["marks"] = of_any_version(Marks, plain.get("marks", {}))
    facts = of_any_version(ImageFacts, plain | read)
    return of_any_version(StoredImage, plain | {"number": int(number), "facts": facts})


def _images_from_plain(plain: dict[str, dict[str, Any]]) -> tuple[StoredImage, ...]:
    images = [_image_from_plain(number, image) for number, image in plain.items()]
    return tuple(sorted(images, key=lambda image: image.number))


def _error_to_plain(error: JobError) -> dict[str, Any]:
    until = error.kept_until.isoformat() if error.kept_until else None
    lists = {"missing": list(error.missing), "reasons": list(error.reasons)}
    return asdict(error) | lists | {"kept_until": until}


def _error_from_plain(plain: dict[str, Any]) -> JobError:
    until = plain.get("kept_until")
    read = {
        "kind": ErrorKind(plain["kind"]),
        "missing": tuple(int(number) for number in plain.get("missing", ())),
        "reasons": tuple(plain.get("reasons", ())),
        "kept_until": datetime.fromisoformat(until) if until else None,
    }
    return of_any_version(JobError, plain | read)


def _quarantined_from_plain(plain: list[dict[str, Any]]) -> tuple[Quarantined, ...]:
    return tuple(
        Quarantined(
            number=int(each["number"]),
            key=each["key"],
            remains=Remains(bytes=int(each["bytes"]), sha256=each["sha256"]),
            reason=each["reason"],
        )
        for each in plain
    )


def _request_to_plain(request: JobRequest) -> str:
    known = {name: value for name, value in asdict(request).items() if name not in _DETAILS}
    # As text: DynamoDB has no floats, and a request must be read back exactly as it was sent.
    return json.dumps(known, ensure_ascii=False, separators=(",", ":"))


# Conversions of the fields that DynamoDB cannot store as they are.
_TO_PLAIN: Final[Mapping[str, Callable[[Any], Any]]] = {
    "request": _request_to_plain,
    "error": _error_to_plain,
    "result_urls": list,
    "quarantined": lambda kept: [{"number": each.number, **each.as_json()} for each in kept],
    "images": lambda images: {str(image.number): _image_to_plain(image) for image in images},
    "forget_at": lambda moment: int(moment.timestamp()),
}
_FROM_PLAIN: Final[Mapping[str, Callable[[Any], Any]]] = {
    "request": partial(of_any_version, JobRequest),
    "status": JobStatus,
    "error": _error_from_plain,
    "result_urls": tuple,
    "quarantined": _quarantined_from_plain,
    "images": _images_from_plain,
    "forget_at": lambda seconds: datetime.fromtimestamp(int(seconds), UTC),
    "attempts": int,
    "account_refusals": int,
    "row": int,
    "changes": int,
    **dict.fromkeys(
        (
            *("created_at", "updated_at", "deadline_at", "queued_at"),
            *("submitted_at", "finished_at", "due_at", "not_queued_at"),
            "tell_again_at",
        ),
        datetime.fromisoformat,
    ),
}


def attribute(field: str, value: Any) -> Item:
    """Return one field of a job (not ``None``) as DynamoDB's typed value."""
    converted = _TO_PLAIN[field](value) if field in _TO_PLAIN else value
    item: Item = typed(converted.isoformat() if isinstance(converted, datetime) else converted)
    return item


def image_attribute(image: StoredImage) -> Item:
    item: Item = typed(_image_to_plain(image))
    return item


def to_item(job: Job) -> Item:
    values = {field.name: getattr(job, field.name) for field in fields(Job)}
    values[REQUEST_DETAILS] = {name: getattr(job.request, name) for name in _DETAILS}
    return {name: attribute(name, value) for name, value in values.items() if value is not None}


def from_item(item: Mapping[str, Any]) -> Job:
    """Read a job; attributes that are no fields of a job are ignored."""
    written = plain(item)
    written["request"] = json.loads(written["request"]) | written.get(REQUEST_DETAILS, {})
    return of_any_version(
        Job,
        {
            name: _FROM_PLAIN[name](value) if name in _FROM_PLAIN else value
            for name, value in written.items()
        },
    )
