"""Read the body of ``POST /jobs``."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails, from_json

from ringback.catalogue.model_input import ModelInput
from ringback.catalogue.models import MODELS, Models
from ringback.catalogue.pass_through import may_pass_through, pass_through_errors
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


def read_request(body: bytes, *, models: Models = MODELS, pass_through: bool = False) -> JobRequest:
    """Return the job, its model's defaults filled in.

    With ``pass_through`` a model of kie.ai that ``models`` lacks is taken with its input as it is.
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
    name, given = sent.get("model"), sent.get("input")
    model = models.get(name) if isinstance(name, str) else None
    unchecked = isinstance(name, str) and not model and pass_through and may_pass_through(name)
    if isinstance(name, str) and not model and not unchecked:
        known = ", ".join(sorted(models))
        errors.append(FieldError("model", f"no such model; there are {known}"))
    request = None
    if isinstance(given, dict) and model:
        found, request = _check(model, given, sent, models)
        errors += found
    elif isinstance(given, dict) and unchecked:
        errors += pass_through_errors(given)
        request = JobRequest(
            model=str(name), provider="kie", input=given, sent=sent, is_checked=False
        )
    if errors or request is None:
        raise InvalidRequest(errors)
    return request


def _check(
    model: type[ModelInput], given: dict[str, Any], sent: dict[str, Any], models: Models
) -> tuple[list[FieldError], JobRequest | None]:
    try:
        checked = model.model_validate(given)
    except ValidationError as error:
        explained = [_explain(each, model, models) for each in error.errors(include_url=False)]
        return _field_errors(explained, within="input"), None
    return [], JobRequest(
        model=model.model_id,
        provider=model.provider,
        input=checked.model_dump(exclude_none=True),
        sent=sent,
    )


def _explain(error: ErrorDetails, model: type[ModelInput], models: Models) -> ErrorDetails:
    """Say of a field that the model lacks who has it."""
    if error["type"] != "extra_forbidden":
        return error
    name = str(error["loc"][0])
    if name in model.filled_in:
        return error | {"type": "filled_in", "msg": "is filled in for you: leave it out"}
    others = (other for other in models.values() if other.provider == model.provider)
    having = sorted(other.model_id for other in others if name in other.model_fields)
    if not having:
        return error
    return error | {
        "type": "others",
        "msg": f"{model.model_id} has no such field; it is one of {', '.join(having)}",
    }


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
