"""The event bus: events that the owner's own rules lead on."""

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final, Self

from botocore.exceptions import BotoCoreError, ClientError

from ringback.aws.clients import events_client
from ringback.domain.events import Event

if TYPE_CHECKING:
    from types_boto3_events import EventBridgeClient
    from types_boto3_events.type_defs import PutEventsRequestEntryTypeDef as Entry

# https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html
MAX_ENTRIES: Final = 10
# Of one request. AWS has taken 1 MB since January 2026; with the limit of before, other
# implementations do as well, and no event comes near it: an item has 400 KB, and the input twice.
MAX_BYTES: Final = 256 * 1024
# Entries that were refused, as a busy bus does, are put again at once.
MAX_ATTEMPTS: Final = 3


class EventBridge:
    def __init__(self, client: "EventBridgeClient", bus: str) -> None:
        self._client = client
        self._bus = bus

    @classmethod
    def connect(cls, bus: str) -> Self:
        return cls(events_client(), bus)

    def put(self, events: Sequence[Event]) -> dict[str, str]:
        """Put events; after a request that fails, no other one is made."""
        refused, failure = dict[str, str](), ""
        for some in _in_requests([(event.id, self._entry(event)) for event in events]):
            if failure:
                refused |= dict.fromkeys((event_id for event_id, _ in some), failure)
                continue
            try:
                refused |= self._put(some)
            except (ClientError, BotoCoreError) as error:
                failure = type(error).__name__
                refused |= dict.fromkeys((event_id for event_id, _ in some), failure)
        return refused

    def _put(self, entries: "Sequence[tuple[str, Entry]]") -> dict[str, str]:
        """Make one request, and another one for the entries that were refused."""
        reasons = dict[str, str]()
        for _ in range(MAX_ATTEMPTS):
            answer = self._client.put_events(Entries=[entry for _, entry in entries])
            results = zip(entries, answer["Entries"], strict=True)
            refused = [(each, result) for each, result in results if "ErrorCode" in result]
            entries = [each for each, _ in refused]
            reasons = {each[0]: result["ErrorCode"] for each, result in refused}
            if not entries:
                break
        return reasons

    def _entry(self, event: Event) -> "Entry":
        return {
            "EventBusName": self._bus,
            "Source": event.source,
            "DetailType": event.type,
            "Time": event.time,
            "Detail": json.dumps(event.cloud_event(), ensure_ascii=False, separators=(",", ":")),
        }


def _in_requests(
    entries: "Sequence[tuple[str, Entry]]",
) -> "Iterator[Sequence[tuple[str, Entry]]]":
    """Yield the entries in as many parts as the limits of a request demand."""
    part, size = list[tuple[str, "Entry"]](), 0
    for each in entries:
        bytes_more = _size_of(each[1])
        if part and (len(part) == MAX_ENTRIES or size + bytes_more > MAX_BYTES):
            yield part
            part, size = [], 0
        part.append(each)
        size += bytes_more
    if part:
        yield part


def _size_of(entry: "Entry") -> int:
    """Count as EventBridge does: 14 bytes for the time, and the texts in UTF-8.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html
    """
    texts = (entry["Source"], entry["DetailType"], entry["Detail"])
    return 14 + sum(len(text.encode()) for text in texts)
