"""Jobs as DynamoDB items, and back."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from datetime import UTC, datetime
from typing import Any, Final

from ringback.aws.request_items import REQUEST, REQUEST_DETAILS, from_plain, to_plain
from ringback.aws.table_items import Item, plain, typed
from ringback.domain.images import ImageFacts, Quarantined, Remains, StoredImage
from ringback.domain.jobs import ErrorKind, Job, JobError, JobStatus
from ringback.domain.marks import Marks
from ringback.domain.versions import of_any_version

# What most images and jobs have, in any version: it is not stored.
_USUAL: Final[Mapping[str, Any]] = {"trailing_bytes": 0, "damage": "", "marks": asdict(Marks())}
_EMPTY: Final[Mapping[str, Any]] = {
    "attempts": 0,
    "account_refusals": 0,
    "result_urls": (),
    "quarantined": (),
}


def _image_to_plain(image: StoredImage) -> dict[str, Any]:
    facts = {k: v for k, v in asdict(image.facts).items() if v != _USUAL.get(k)}
    more = {"thumbnail": image.thumbnail} if image.thumbnail else {}
    return {"key": image.key, "source_url": image.source_url, **facts, **more}


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


# Conversions of the fields that DynamoDB cannot store as they are.
_TO_PLAIN: Final[Mapping[str, Callable[[Any], Any]]] = {
    "error": _error_to_plain,
    "result_urls": list,
    "quarantined": lambda kept: [{"number": each.number, **each.as_json()} for each in kept],
    "images": lambda images: {str(image.number): _image_to_plain(image) for image in images},
    "forget_at": lambda moment: int(moment.timestamp()),
}
_FROM_PLAIN: Final[Mapping[str, Callable[[Any], Any]]] = {
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
    request: Item = {name: typed(each) for name, each in to_plain(values.pop(REQUEST)).items()}
    written = {
        name: attribute(name, value)
        for name, value in values.items()
        if value is not None and not (name in _EMPTY and value == _EMPTY[name])
    }
    return {**written, **request}


def from_item(item: Mapping[str, Any]) -> Job:
    """Read a job; attributes that are no fields of a job are ignored."""
    written = plain(item)
    request = from_plain(written.pop(REQUEST), written.pop(REQUEST_DETAILS, {}))
    read = {
        name: _FROM_PLAIN[name](value) if name in _FROM_PLAIN else value
        for name, value in written.items()
    }
    return of_any_version(Job, {**read, "request": request})
