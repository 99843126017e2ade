"""Read what is sent with ``POST /jobs``: the body, the key and the query."""

from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails, from_json

from ringback.catalogue.image_urls import DroppedImages, nothing_dropped
from ringback.catalogue.model_input import ModelInput
from ringback.catalogue.models import MODELS, Models
from ringback.catalogue.pass_through import faults_of, may_pass
from ringback.domain.errors import FieldError, InvalidRequest, PayloadTooLarge
from ringback.domain.jobs import JobRequest

# What is sent and what becomes of it are both kept, in an item of 400 KB at most.
MAX_REQUEST_BYTES: Final = 128 * 1024
_MAX_NAMED: Final = 3
_SWITCH: Final[Mapping[str, bool]] = {"true": True, "false": False}
# The words of pydantic are for programmers; the names in braces are its own.
_FRIENDLIER: Final[Mapping[str, str]] = {
    "extra_forbidden": "no such field",
    "missing": "required",
    "dict_type": "must be a JSON object",
    "too_short": "must have at least {min_length} item(s)",
    "too_long": "must have at most {max_length} items",
}


class SubmitJobRequest(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    model: str
    input: dict[str, Any] = Field(description="The provider's own fields.")


def read_request(
    body: bytes,
    *,
    models: Models = MODELS,
    pass_through: bool = False,
    version_of: Callable[[str], str] = nothing_dropped,
) -> JobRequest:
    """Return the job, its model's defaults filled in.

    With ``pass_through`` any other model of kie.ai is taken as well, its input unchecked.
    ``version_of`` looks at the image behind an s3 URL, or raises ``InputImageRefused``.
    Raises ``InvalidRequest``, which names every wrong field at once, or ``PayloadTooLarge``.
    """
    if len(body) > MAX_REQUEST_BYTES:
        raise PayloadTooLarge(f"a request has at most {MAX_REQUEST_BYTES} bytes")
    sent = json_object(body)
    errors = _envelope_errors(sent)
    model, given, dropped = sent.get("model"), dict[str, Any](), DroppedImages(version_of)
    if isinstance(model, str):
        given, found = _read_input(
            model, sent.get("input"), dropped, models=models, pass_through=pass_through
        )
        errors += found
    if errors:
        raise InvalidRequest(errors)
    known = models.get(sent["model"])
    return JobRequest(
        model=sent["model"],
        provider=known.provider if known else "kie",
        input=given,
        sent=sent,
        checked=known is not None,
        input_images=dropped.versions,
    )


def json_object(body: bytes) -> dict[str, Any]:
    """Return the object that the body is, UTF-8 with or without a mark.

    Raises ``InvalidRequest``.
    """
    if body.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        raise InvalidRequest([FieldError("", "the body is not UTF-8")])
    try:
        sent = from_json(body.removeprefix(BOM_UTF8), allow_inf_nan=False)
    except ValueError as error:
        raise InvalidRequest([FieldError("", f"the body is not JSON: {error}")]) from None
    if not isinstance(sent, dict):
        raise InvalidRequest([FieldError("", "the body must be a JSON object")])
    return sent


def read_idempotency_key(headers: Mapping[str, str]) -> str | None:
    """Return the caller's key, if there is one. ``headers`` have lower-case names.

    Raises ``InvalidRequest``.
    """
    key = headers.get("idempotency-key")
    if key is not None and not (1 <= len(key) <= 255 and key.isascii() and key.isprintable()):
        raise InvalidRequest(
            [FieldError("Idempotency-Key", "must have 1 to 255 printable ASCII characters")]
        )
    return key


def read_dry_run(query: Mapping[str, str]) -> bool:
    """Tell whether the job is only to be checked. Raises ``InvalidRequest``.

    A query that is not understood is refused: whoever mistypes ``dry_run`` must not pay for it.
    """
    errors = _unknown_parameters(query.keys() - {"dry_run"})
    value = query.get("dry_run", "false")
    if value not in _SWITCH:
        errors.append(FieldError("dry_run", "must be true or false"))
    if errors:
        raise InvalidRequest(errors)
    return _SWITCH[value]


def refuse_query(query: Mapping[str, str]) -> None:
    """Raise ``InvalidRequest`` if there is any, on a route that spends and takes none."""
    if query:
        raise InvalidRequest(_unknown_parameters(query.keys()))


def _unknown_parameters(names: Iterable[str]) -> list[FieldError]:
    return [FieldError(name, "no such parameter") for name in sorted(names)]


def _envelope_errors(sent: dict[str, Any]) -> list[FieldError]:
    try:
        SubmitJobRequest.model_validate(sent)
    except ValidationError as error:
        return _field_errors(error.errors(include_url=False))
    return []


def _read_input(
    model: str, given: Any, dropped: DroppedImages, *, models: Models, pass_through: bool
) -> tuple[dict[str, Any], list[FieldError]]:
    known = models.get(model)
    if known is None and not (pass_through and may_pass(model)):
        return {}, [FieldError("model", f"no such model; there are {', '.join(sorted(models))}")]
    if not isinstance(given, dict):
        return {}, []  # which is the envelope's mistake, and named with the others of it
    if known is None:
        return given, faults_of(given, within="input", dropped=dropped)
    try:
        checked = known.model_validate(given, context=dropped)
    except ValidationError as error:
        return {}, _field_errors(error.errors(include_url=False), within="input", model=known)
    return checked.model_dump(exclude_none=True), []


def _field_errors(
    errors: Sequence[ErrorDetails], *, within: str = "", model: type[ModelInput] | None = None
) -> list[FieldError]:
    return [
        FieldError(
            ".".join([within] * bool(within) + [str(step) for step in error["loc"]]),
            _message(error, model),
        )
        for error in errors
    ]


def _message(error: ErrorDetails, model: type[ModelInput] | None) -> str:
    kind = error["type"]
    if model and kind == "extra_forbidden":
        return _not_a_field(str(error["loc"][-1]), model)
    friendlier = _FRIENDLIER.get(kind)
    return friendlier.format(**error.get("ctx", {})) if friendlier else error["msg"]


def _not_a_field(name: str, model: type[ModelInput]) -> str:
    """Say who has the field: most often another version of the same model is meant."""
    if name in model.filled_in:
        return "is filled in for you: leave it out"
    others = [other for other in MODELS.values() if name in other.model_fields]
    siblings = [other for other in others if other.provider == model.provider]
    names = [other.model_id for other in siblings or others]
    if not names:
        return "no such field"
    more = [f"{len(names) - _MAX_NAMED} more"] if len(names) > _MAX_NAMED else []
    *firsts, last = names[:_MAX_NAMED] + more
    listed = f"{', '.join(firsts)} and {last} have" if firsts else f"{last} has"
    return f"{model.model_id} has no such field; {listed} it"
