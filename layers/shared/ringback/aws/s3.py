"""How S3 reports a missing object."""

from collections.abc import Callable
from typing import Any, Final, TypeVar

from botocore.exceptions import ClientError

Answer = TypeVar("Answer")

# The answer to a HEAD has no body, so the code of its error is only the HTTP status.
NOT_FOUND_CODES: Final = frozenset(
    {"NoSuchKey", "NoSuchVersion", "MethodNotAllowed", "KeyTooLongError", "404", "405"}
)


def or_none(call: Callable[..., Answer], **wanted: Any) -> Answer | None:
    """Return the answer of a call of the client, ``None`` if there is no such object."""
    try:
        return call(**wanted)
    except ClientError as error:
        if error.response["Error"]["Code"] in NOT_FOUND_CODES:
            return None
        raise
