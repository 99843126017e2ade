"""``callBackUrl``: where a client wants to be told that its job has ended."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import AfterValidator, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

from ringback.catalogue.public_urls import check_public
from ringback.domain.errors import AddressRefused

CALL_BACK: Final = "callBackUrl"
MAX_CALL_BACK_LENGTH: Final = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class CallBacks:
    """``why_not`` returns why the client can't have webhooks, empty if it can.

    ``plain_http_hosts`` are the ``host:port`` that may be reached without TLS.
    """

    plain_http_hosts: Collection[str] = ()
    why_not: Callable[[], str] = lambda: ""


UNBOUND: Final = CallBacks()


def _checked(url: str, info: ValidationInfo) -> str:
    call_backs: CallBacks = info.context or UNBOUND
    fault = _url_fault(url, call_backs.plain_http_hosts) or call_backs.why_not()
    if fault:
        raise PydanticCustomError("call_back_url", "{fault}", {"fault": fault})
    return url


def _url_fault(url: str, plain_http_hosts: Collection[str]) -> str:
    if len(url) > MAX_CALL_BACK_LENGTH:
        return f"must have at most {MAX_CALL_BACK_LENGTH} characters; it has {len(url)}"
    try:
        check_public(url, plain_http_hosts=plain_http_hosts)
    except AddressRefused as error:
        return f"must be a public, percent-encoded https:// URL: {error}"
    return ""


CallBackUrl = Annotated[
    str,
    AfterValidator(_checked),
    WithJsonSchema(
        {
            "type": "string",
            "format": "uri",
            "pattern": "^https://",
            "maxLength": MAX_CALL_BACK_LENGTH,
        }
    ),
]
