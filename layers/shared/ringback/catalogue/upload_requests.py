"""The body of ``POST /uploads``, and what is wrong with one."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)
from pydantic_core import ErrorDetails

from ringback.catalogue.messages import message_of
from ringback.domain.errors import FieldError, InvalidRequest
from ringback.domain.images import MAX_INPUT_IMAGE_BYTES
from ringback.domain.suggestions import unknown_name
from ringback.domain.uploads import Upload

_DIGEST: Final = r"^[0-9a-f]{64}$"


def _whole(value: object) -> object:
    """Return 9 for 9.0, which is the same number in JSON."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


class UploadRequest(BaseModel):
    """What a client says of the image that it is going to upload."""

    model_config = ConfigDict(extra="forbid", strict=True)

    sha256: Annotated[str, StringConstraints(pattern=_DIGEST)] = Field(
        description="The SHA-256 of the image, in lower-case hex."
    )
    bytes: Annotated[int, BeforeValidator(_whole)] = Field(
        ge=1, le=MAX_INPUT_IMAGE_BYTES, description="The length of the image."
    )
    content_type: Literal["image/jpeg", "image/png", "image/webp"]


def read_upload(sent: Mapping[str, Any], client: str) -> Upload:
    """Return the client's upload. Raises ``InvalidRequest``, which names every invalid field."""
    try:
        given = UploadRequest.model_validate(sent)
    except ValidationError as error:
        raise InvalidRequest(map(_field_error, error.errors(include_url=False))) from None
    return Upload(
        client=client, sha256=given.sha256, size=given.bytes, content_type=given.content_type
    )


def _field_error(error: ErrorDetails) -> FieldError:
    name = ".".join(map(str, error["loc"]))
    if error["type"] == "extra_forbidden":
        return FieldError(name, unknown_name("field", name, UploadRequest.model_fields))
    if error["type"] == "string_pattern_mismatch":
        return FieldError(name, "must be 64 lower-case hexadecimal digits")
    return FieldError(name, message_of(error))
