"""Check the body of ``POST /jobs`` against the limits of its model."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from ringback.catalogue.image_urls import DroppedImages, nothing_dropped
from ringback.catalogue.model_input import ModelInput
from ringback.catalogue.models import MODELS, Models
from ringback.catalogue.pass_through import faults_of, may_pass
from ringback.domain.errors import FieldError, InvalidRequest
from ringback.domain.jobs import JobRequest

_MAX_NAMED: Final = 3
# pydantic's own messages are for programmers; the names in braces are its context.
_FRIENDLIER: Final[Mapping[str, str]] = {
    "extra_forbidden": "unknown field",
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
    sent: Mapping[str, Any],
    *,
    models: Models = MODELS,
    pass_through: bool = False,
    version_of: Callable[[str], str] = nothing_dropped,
) -> JobRequest:
    """Return the checked request with its model's defaults filled in.

    With ``pass_through`` any other model of kie.ai is accepted as well, its input unchecked.
    ``version_of`` returns the version of the image behind an s3 URL, or raises
    ``InputImageRefused``. Raises ``InvalidRequest``, which names every invalid field at once.
    """
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
        sent=dict(sent),
        checked=known is not None,
        input_images=dropped.versions,
    )


def _envelope_errors(sent: Mapping[str, Any]) -> list[FieldError]:
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
        return {}, [
            FieldError("model", f"unknown model; available are {', '.join(sorted(models))}")
        ]
    if not isinstance(given, dict):
        return {}, []  # the envelope's errors name it already
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
    """Name the models that have the field: often another version of the same model is meant."""
    if name in model.filled_in:
        return "is filled in automatically; leave it out"
    others = [other for other in MODELS.values() if name in other.model_fields]
    siblings = [other for other in others if other.provider == model.provider]
    names = [other.model_id for other in siblings or others]
    if not names:
        return "unknown field"
    more = [f"{len(names) - _MAX_NAMED} more"] if len(names) > _MAX_NAMED else []
    *firsts, last = names[:_MAX_NAMED] + more
    listed = f"{', '.join(firsts)} and {last} have" if firsts else f"{last} has"
    return f"{model.model_id} has no such field; {listed} it"
