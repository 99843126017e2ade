"""Events: what is told about a change of a job, a drop or an account, as CloudEvents 1.0.2."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

SPEC_VERSION: Final = "1.0"  # what CloudEvents 1.0.2 calls itself


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One change of state. The same change makes the same event, however often it is told.

    ``type`` is ``ringback.{kind}.{state}``, such as ``ringback.job.succeeded``.
    ``source`` is the deployment: ``/ringback/{stack name}``.
    ``subject`` is the id of the job, the name of the dropped file or of the provider.
    ``number`` grows with each change of the subject.
    ``time`` is that of the change. ``data`` is JSON.
    ``client`` owns the subject; ``None`` for an account, which is told to the owner only.
    """

    type: str
    source: str
    subject: str
    number: int
    time: datetime
    data: Mapping[str, Any]
    client: str | None = None

    @property
    def state(self) -> str:
        return self.type.rpartition(".")[2]

    @property
    def id(self) -> str:
        return f"{self.subject}:{self.state}:{self.number}"

    def cloud_event(self) -> dict[str, Any]:
        """Return the event as JSON, in CloudEvents' structured form; ``client`` is an extension."""
        body: dict[str, Any] = {
            "specversion": SPEC_VERSION,
            "id": self.id,
            "type": self.type,
            "source": self.source,
            "subject": self.subject,
            "time": self.time.isoformat(),
            "datacontenttype": "application/json",
            "data": dict(self.data),
        }
        return body | ({"client": self.client} if self.client else {})
