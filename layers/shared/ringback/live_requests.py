"""Reads what clients send over the WebSocket API."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from ringback.domain.errors import FieldError, InvalidRequest
from ringback.domain.live import Connection, FollowRequest
from ringback.json_bodies import NotJson, parse_json

EXAMPLE: Final = 'send {"key": "<API key>"}, and "since", the time of the last event, to resume'


def is_message(event: Mapping[str, Any]) -> bool:
    """Tell whether a client has sent something; its connecting and leaving need no answer."""
    return bool(event["requestContext"]["eventType"] == "MESSAGE")


def connection_of(event: Mapping[str, Any]) -> Connection:
    context = event["requestContext"]
    opened_at = datetime.fromtimestamp(context["connectedAt"] / 1000, UTC)
    return Connection(id=context["connectionId"], opened_at=opened_at)


def follow_request(event: Mapping[str, Any]) -> FollowRequest:
    """Read a client's message. Raises ``InvalidRequest``."""
    try:
        body = parse_json(event.get("body") or "").value
    except NotJson:
        body = None
    key = body.get("key") if isinstance(body, dict) else None
    if not (isinstance(body, dict) and isinstance(key, str) and key):
        raise InvalidRequest([FieldError("", EXAMPLE)])
    return FollowRequest(connection=connection_of(event), key=key, since=_since(body.get("since")))


def _since(value: object) -> datetime | None:
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        raise InvalidRequest(
            [FieldError("since", "`since` must be the `time` of an event")]
        ) from None
    # A time without an offset is taken for UTC, as every event's is.
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
