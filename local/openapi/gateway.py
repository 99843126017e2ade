"""What API Gateway answers itself, instead of a function.

https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-troubleshooting-lambda.html
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayAnswer:
    """``for_key`` says that only routes with a key have it."""

    status: int
    message: str
    when: str
    remedy: str
    for_key: bool = False


GATEWAY: Final = (
    GatewayAnswer(
        status=401,
        message="Unauthorized",
        when="There is no `Authorization` header.",
        remedy="Send one.",
        for_key=True,
    ),
    GatewayAnswer(
        status=403,
        message="Forbidden",
        when="The key is unknown, which API Gateway remembers for a while.",
        remedy="Take another key; a new one works once that time is over.",
        for_key=True,
    ),
    GatewayAnswer(
        status=413,
        message="Request Entity Too Large",
        when="The body has more than 6 MB.",
        remedy="Send images by URL.",
    ),
    GatewayAnswer(
        status=429,
        message="Too Many Requests",
        when="There are more than 50 requests a second, or a burst of more than 100.",
        remedy="Send it again later.",
    ),
    GatewayAnswer(
        status=500,
        message="Internal Server Error",
        when="Ringback failed.",
        remedy="Send it again, with the same `Idempotency-Key`; tell the operator.",
    ),
    GatewayAnswer(
        status=503,
        message="Service Unavailable",
        when="Ringback took too long, or AWS had no execution left for it.",
        remedy="Send it again, with the same `Idempotency-Key`.",
    ),
)
