"""Jobs as DynamoDB items, and back."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, fields
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from ringback.aws.image_keys import thumbnail_key
from ringback.aws.packed_texts import pack, unpack
from ringback.aws.request_items import (
    PACKED,
    REQUEST,
    REQUEST_DETAILS,
    from_packed,
    from_plain,
    to_packed,
    to_plain,
)
from ringback.aws.table_items import Item, plain, typed
from ringback.domain.clock import EPOCH
from ringback.domain.images import ImageFacts, Quarantined, Remains, StoredImage
from ringback.domain.jobs import ErrorKind, Job, JobError, JobId, JobStatus
from ringback.domain.marks import Marks
from ringback.domain.versions import of_any_version

# What most images and jobs have, in any version: it is not stored.
_USUAL: Final[Mapping[str, Any]] = {"trailing_bytes": 0, "damage": "", "marks": asdict(Marks())}
_EMPTY: Final[Mapping[str, Any]] = {
    "attempts": 0,
    "account_refusals": 0,
    "result_urls": (),
    "quarantined": (),
    "revision": 0,
}

# Times that are in no condition: ISO 8601 without its dashes and colons, which any version reads.
_SHORT_TIMES: Final = frozenset({"created_at", "submitted_at", "deadline_at", "finished_at"})
_SHORT: Final = "%Y%m%dT%H%M%S.%fZ"
_MICROSECOND: Final = timedelta(microseconds=1)
# Times as whole microseconds since 1970: less than half as long.
_NUMBERED_TIMES: Final = frozenset({"running_at", "decided_at"})
# How often the item was written since it was created. Every write of a job ends with ``RAISE``, and
# has its value (docs/decisions/0069). The name is short: each byte of it is in each write.
REVISION: Final = "rev"
RAISE: Final = f"ADD {REVISION} :one"
ONE: Final[Item] = {":one": {"N": "1"}}
# How far the deletion of a job has come; its state is as it was before, for older versions
# (docs/decisions/0065). And who owned it, once the item is nobody's.
DELETION: Final = "deletion"
OWNER: Final = "owner"
# When that it is deleted was asked to be told again: to older versions no news.
TELL_AGAIN: Final = "deletion_tell_again_at"
# The changes of state since, which are not counted in the item.
UNCOUNTED: Final[Mapping[str, int]] = {JobStatus.DELETING: 1, JobStatus.DELETED: 2}
# What a job that has succeeded has no more use for.
_NO_MORE: Final = (
    *("result_urls", "attempt_id", "callback_base_url", "queued_at"),
    # job.json has them.
    *("running_at", "decided_at", "called_back"),
)


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
    **dict.fromkeys(_NUMBERED_TIMES, lambda moment: (moment - EPOCH) // _MICROSECOND),
}
_FROM_PLAIN: Final[Mapping[str, Callable[[Any], Any]]] = {
    "status": JobStatus,
    "error": _error_from_plain,
    "result_urls": tuple,
    "quarantined": _quarantined_from_plain,
    "images": _images_from_plain,
    "forget_at": lambda seconds: datetime.fromtimestamp(int(seconds), UTC),
    **dict.fromkeys(_NUMBERED_TIMES, lambda number: EPOCH + int(number) * _MICROSECOND),
    "attempts": int,
    "account_refusals": int,
    "row": int,
    "changes": int,
    "revision": int,
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
    if field in _SHORT_TIMES:
        return _short_time(value)
    item: Item = typed(converted.isoformat() if isinstance(converted, datetime) else converted)
    return item


def _short_time(moment: datetime) -> Item:
    text = moment.astimezone(UTC).strftime(_SHORT)
    item: Item = typed(text.replace(".000000", ""))
    return item


def thumbnail_attribute(job_id: JobId, number: int, key: str) -> Item:
    """Return a thumbnail's key; the usual one is empty: then older versions show none."""
    item: Item = typed("" if key == thumbnail_key(job_id, number) else key)
    return item


def image_attribute(image: StoredImage) -> Item:
    item: Item = typed(_image_to_plain(image))
    return item


def attributes_in(to: JobStatus, fields: Mapping[str, Any]) -> dict[str, Item | None]:
    """Return how these fields of a job are written in the state ``to``; ``None`` removes them."""
    others = {name: value for name, value in fields.items() if name != REQUEST}
    written = {
        name: None if value is None else attribute(name, value) for name, value in others.items()
    }
    if to is JobStatus.SUCCEEDED:
        # No condition compares it any more.
        written |= {"updated_at": _short_time(fields["updated_at"])}
        # Of use to those only who still need an answer or an image.
        written |= dict.fromkeys(_NO_MORE)
        if fields.get("finished_at") == fields["updated_at"]:
            written["finished_at"] = None
    if answer := to is JobStatus.ARCHIVING and others.get("answer"):
        # The usual one, which nobody has to read. It repeats the task's id and the links.
        known = (others.get("task_id", ""), *others.get("result_urls", ()))
        written["answer"] = typed(pack(answer, *known))
    if request := fields.get(REQUEST):
        # A version before this one may have to send an accepted job.
        plain = (to_plain if to is JobStatus.ACCEPTED else to_packed)(request)
        written |= dict.fromkeys((REQUEST_DETAILS, PACKED))
        written |= {name: typed(each) for name, each in plain.items()}
    return written


def to_item(job: Job) -> Item:
    values = {field.name: getattr(job, field.name) for field in fields(Job)}
    request: Item = {name: typed(each) for name, each in to_plain(values.pop(REQUEST)).items()}
    written = {
        name: attribute(name, value)
        for name, value in values.items()
        if value is not None and not (name in _EMPTY and value == _EMPTY[name])
    }
    if "revision" in written:
        written[REVISION] = written.pop("revision")
    return {**written, **request}


def _unpacked(answer: bytes, known: Sequence[str]) -> str | None:
    try:
        return unpack(answer, *known)
    except ValueError:
        # An older version has changed the links. A record of the past must not cost the job.
        return None


def from_item(item: Mapping[str, Any]) -> Job:
    """Read a job; attributes that are no fields of a job are ignored."""
    written = plain(item)
    for number, image in written.get("images", {}).items():
        if image.get("thumbnail") == "":
            image["thumbnail"] = thumbnail_key(written["job_id"], number)
    if written["status"] == JobStatus.SUCCEEDED and "result_urls" not in written:
        # What the images were copied from.
        images = sorted(written.get("images", {}).items(), key=lambda each: int(each[0]))
        written["result_urls"] = [image["source_url"] for _, image in images]
        if images and DELETION not in written:
            # Its last change: a thumbnail is none.
            written.setdefault("finished_at", written["updated_at"])
    if isinstance(answer := written.get("answer"), bytes):
        known = (written.get("task_id", ""), *written.get("result_urls", ()))
        written["answer"] = _unpacked(answer, known)
    if deletion := written.get(DELETION):
        written["status"] = deletion
        written["changes"] = written.get("changes", 0) + UNCOUNTED[deletion]
    if TELL_AGAIN in written:
        written["tell_again_at"] = written[TELL_AGAIN]
    written["revision"] = written.pop(REVISION, 0)
    if OWNER in written:
        written["client"], written["task_id"] = written[OWNER], None
    text, details = written.pop(REQUEST), written.pop(REQUEST_DETAILS, {})
    packed = written.pop(PACKED, None)
    request = from_packed(text, packed) if packed else from_plain(text, details)
    read = {
        name: _FROM_PLAIN[name](value) if name in _FROM_PLAIN else value
        for name, value in written.items()
    }
    return of_any_version(Job, {**read, "request": request})
