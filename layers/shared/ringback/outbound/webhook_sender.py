"""Send a webhook once, through the guard, and read the beginning of the answer."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final

from ringback.domain.clock import EPOCH
from ringback.domain.deliveries import MAX_ANSWER
from ringback.domain.errors import AddressRefused, TimedOut, TransferInterrupted
from ringback.domain.webhooks import Tried, Webhook
from ringback.outbound.guarded_http import Answer, GuardedHttp

# For all of a try: the look-up of the name, the connection, and the answer.
TIME_OUT: Final = 15.0
_SECONDS: Final = re.compile(r"[0-9]{1,9}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class SendWebhook:
    """``headers_of`` returns the headers of a webhook that is sent at a time, by its form.

    It may raise, and then nothing is sent.
    """

    http: GuardedHttp
    headers_of: Callable[[Webhook, datetime], Mapping[str, str]]
    now: Callable[[], datetime]

    def __call__(self, webhook: Webhook) -> Tried:
        began = self.now()
        headers = {"Content-Type": "application/json"} | dict(self.headers_of(webhook, began))
        outcome = self._send(webhook, headers)
        return Tried(at=began, duration=self.now() - began, **outcome)

    def _send(self, webhook: Webhook, headers: Mapping[str, str]) -> dict[str, Any]:
        body = webhook.body.encode()
        try:
            with self.http.post(webhook.url, body, headers, within=TIME_OUT) as answer:
                return _read(answer) | {"retry_after": self._retry_after(answer)}
        except TimedOut:
            return {"error": f"no complete answer within {TIME_OUT:.0f} seconds", "timed_out": True}
        except AddressRefused as refused:
            return {"error": f"the address is refused: {refused}"}
        except TransferInterrupted as interrupted:
            return {"error": f"the connection failed: {interrupted}"}

    def _retry_after(self, answer: Answer) -> timedelta | None:
        """Return what the header says: seconds, or a date. RFC 9110, section 10.2.3."""
        text = "".join(answer.header("Retry-After")[:1]).strip()
        if _SECONDS.fullmatch(text):
            return timedelta(seconds=int(text))
        try:
            moment = parsedate_to_datetime(text)
        except (ValueError, TypeError, OverflowError):
            return None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=EPOCH.tzinfo)
        return max(moment - self.now(), timedelta(0))


def _read(answer: Answer) -> dict[str, Any]:
    try:
        beginning = answer.beginning(MAX_ANSWER)
    except TimedOut:
        raise
    except TransferInterrupted:
        # The status has arrived, and decides.
        beginning = b""
    return {"status": answer.status, "answer": beginning}
