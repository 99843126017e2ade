"""JSON objects that clients send, in a request or in a dropped file."""

from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from typing import Any, Final

from pydantic_core import from_json

from ringback.domain.errors import FieldError, InvalidRequest, PayloadTooLarge

# The request and the input made from it are both stored, in an item of at most 400 KB.
MAX_REQUEST_BYTES: Final = 128 * 1024


def json_object(body: bytes) -> dict[str, Any]:
    """Return the JSON object in ``body``: UTF-8, with or without a byte order mark.

    Raises ``InvalidRequest`` or ``PayloadTooLarge``.
    """
    if len(body) > MAX_REQUEST_BYTES:
        raise PayloadTooLarge(f"a request has at most {MAX_REQUEST_BYTES} bytes")
    if body.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        raise InvalidRequest([FieldError("", "the body is not UTF-8")])
    try:
        sent = from_json(body.removeprefix(BOM_UTF8), allow_inf_nan=False)
    except ValueError as error:
        raise InvalidRequest([FieldError("", f"the body is not JSON: {error}")]) from None
    if not isinstance(sent, dict):
        raise InvalidRequest([FieldError("", "the body must be a JSON object")])
    return sent
