"""Read the body of ``POST /jobs``."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails, from_json

from ringback.catalogue.models import MODELS
from ringback.domain.errors import FieldError, InvalidRequest, PayloadTooLarge
from ringback.domain.jobs import JobRequest

LARGEST_REQUEST: Final = 256 * 1024
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


def read_request(body: bytes) -> JobRequest:
    """Return the job, its model's defaults filled in.

    Raises ``InvalidRequest``, which names every wrong field at once, or ``PayloadTooLarge``.
    """
    if len(body) > LARGEST_REQUEST:
        raise PayloadTooLarge(f"a request has at most {LARGEST_REQUEST} bytes")
    try:
        sent = from_json(body, allow_inf_nan=False)
    except ValueError as error:
        raise InvalidRequest([FieldError("", f"the body is not JSON: {error}")]) from None
    if not isinstance(sent, dict):
        raise InvalidRequest([FieldError("", "the body must be a JSON object")])
    errors = _envelope_errors(sent)
    model = MODELS.get(sent["model"]) if isinstance(sent.get("model"), str) else None
    if isinstance(sent.get("model"), str) and model is None:
        known = ", ".join(sorted(MODELS))
        errors.append(FieldError("model", f"no such model; there are {known}"))
    if model and isinstance(sent.get("input"), dict):
        try:
            checked = model.model_validate(sent["input"])
        except ValidationError as error:
            errors += _field_errors(error.errors(include_url=False), within="input")
        else:
            if not errors:
                return JobRequest(
                    model=model.model_id,
                    provider=model.provider,
                    input=checked.model_dump(exclude_none=True),
                    sent=sent,
                )
    raise InvalidRequest(errors)


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


def _envelope_errors(sent: dict[str, Any]) -> list[FieldError]:
    try:
        SubmitJobRequest.model_validate(sent)
    except ValidationError as error:
        return _field_errors(error.errors(include_url=False))
    return []


def _field_errors(errors: Sequence[ErrorDetails], *, within: str = "") -> list[FieldError]:
    return [
        FieldError(
            ".".join([within] * bool(within) + [str(step) for step in error["loc"]]),
            _FRIENDLIER[error["type"]].format(**error.get("ctx", {}))
            if error["type"] in _FRIENDLIER
            else error["msg"],
        )
        for error in errors
    ]
