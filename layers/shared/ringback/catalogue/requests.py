"""Check the body of ``POST /jobs`` against the limits of its model."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from ringback.catalogue.call_back_urls import CALL_BACK, UNBOUND, CallBacks, CallBackUrl
from ringback.catalogue.canary import CANARY_MODELS
from ringback.catalogue.image_urls import DroppedImages, FindImage, nothing_dropped
from ringback.catalogue.messages import message_of
from ringback.catalogue.model_input import ModelInput
from ringback.catalogue.models import MODELS, Models, unknown_model
from ringback.catalogue.pass_through import as_found, faults_of, may_pass
from ringback.catalogue.tags import Tags
from ringback.catalogue.unknown_fields import unknown_beside_input, unknown_in_input
from ringback.domain import canary
from ringback.domain.errors import MAX_ERRORS, FieldError, InvalidRequest
from ringback.domain.jobs import JobRequest


class SubmitJobRequest(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    model: str
    input: dict[str, Any] = Field(description="The provider's own fields.")
    call_back_url: CallBackUrl = Field(
        default="", alias=CALL_BACK, description="Where the job's end is sent as a webhook."
    )
    tags: Tags = Field(default=[], description="Your own words for the job; GET /jobs finds it.")


class RequestSettings(Protocol):
    @property
    def pass_through(self) -> bool: ...

    @property
    def plain_http_hosts(self) -> Collection[str]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRules:
    """Check the bodies of all clients. The fields are as in ``read_request`` and ``CallBacks``.

    ``find_image`` takes the ``client`` as well: uploads are their own client's. By default webhooks
    need no secret, as those in a provider's form: they are signed if there is one.
    """

    pass_through: bool
    find_image: Callable[..., tuple[str, str]]
    plain_http_hosts: Collection[str]
    why_no_webhooks: Callable[[str], str] = lambda _client: ""
    models: Models = field(default_factory=lambda: MODELS)

    @classmethod
    def of(cls, settings: RequestSettings, **others: Any) -> Self:
        return cls(
            pass_through=settings.pass_through,
            plain_http_hosts=settings.plain_http_hosts,
            **others,
        )

    def __call__(self, sent: Mapping[str, Any], client: str) -> JobRequest:
        is_canary = client == canary.CLIENT
        return read_request(
            sent,
            models=CANARY_MODELS if is_canary else self.models,
            pass_through=self.pass_through and not is_canary,
            find_image=partial(self.find_image, client=client),
            call_backs=CallBacks(
                plain_http_hosts=self.plain_http_hosts,
                why_not=partial(self.why_no_webhooks, client),
            ),
        )


def read_request(
    sent: Mapping[str, Any],
    *,
    models: Models = MODELS,
    pass_through: bool = False,
    find_image: FindImage = nothing_dropped,
    call_backs: CallBacks = UNBOUND,
) -> JobRequest:
    """Return the checked request with its model's defaults filled in.

    With ``pass_through`` any other model of kie.ai is accepted as well, its input unchecked.
    ``find_image`` returns the object's own URL and version for an s3 URL, or raises
    ``InputImageRefused``. ``call_backs`` says which webhooks are possible. Raises
    ``InvalidRequest``, which names every invalid field at once.
    """
    errors = _envelope_errors(sent, models, call_backs)
    model, given, dropped = sent.get("model"), dict[str, Any](), DroppedImages(find_image)
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
        call_back_url=sent.get(CALL_BACK),
    )


def _envelope_errors(
    sent: Mapping[str, Any], models: Models, call_backs: CallBacks
) -> list[FieldError]:
    model = sent.get("model")
    known = models.get(model) if isinstance(model, str) else None
    try:
        SubmitJobRequest.model_validate(sent, context=call_backs)
    except ValidationError as error:
        return _field_errors(error.errors(include_url=False), model=known)
    return []


def _read_input(
    model: str, given: Any, dropped: DroppedImages, *, models: Models, pass_through: bool
) -> tuple[dict[str, Any], list[FieldError]]:
    known = models.get(model)
    if known is None and not (pass_through and may_pass(model)):
        return {}, [FieldError("model", unknown_model(model, models))]
    if not isinstance(given, dict):
        return {}, []  # the envelope's errors name it already
    if known is None:
        faults = faults_of(given, within="input", dropped=dropped)
        return as_found(given, dropped), faults
    try:
        checked = known.model_validate(given, context=dropped)
    except ValidationError as error:
        return {}, _field_errors(error.errors(include_url=False), within="input", model=known)
    return {name: value for name, value in checked if value is not None}, []


def _field_errors(
    errors: Sequence[ErrorDetails], *, within: str = "", model: type[ModelInput] | None = None
) -> list[FieldError]:
    return [
        FieldError(
            ".".join([within] * bool(within) + [str(step) for step in error["loc"]]),
            _message(error, within, model),
        )
        for error in errors[:MAX_ERRORS]
    ]


def _message(error: ErrorDetails, within: str, model: type[ModelInput] | None) -> str:
    if error["type"] != "extra_forbidden":
        return message_of(error)
    name = str(error["loc"][-1])
    if within and model:
        return unknown_in_input(name, model)
    return unknown_beside_input(name, model)
