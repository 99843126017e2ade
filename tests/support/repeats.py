"""An SDK that repeats a write which took place: its first answer was a 500, or got lost."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

WRITES: Final = ("PutItem", "UpdateItem", "TransactWriteItems")


@contextmanager
def repeating(client: Any, *, between: Callable[[], object] | None = None) -> Iterator[list[str]]:
    """Have the client send each write twice, and yield the names of those that it did.

    ``between`` is called before the first repeat. botocore asks ``needs-retry`` after each answer
    (``botocore/endpoint.py``, ``_needs_retry``): a number means "again, after so many seconds".
    """
    repeated: list[str] = []
    events = client.meta.events

    def again(attempts: int, operation: Any, **_: Any) -> float | None:
        if attempts > 1 or operation.name not in WRITES or (between and repeated):
            return None
        repeated.append(operation.name)
        if between:
            between()
        return 0.0

    service = client.meta.service_model.endpoint_prefix
    events.register_first(f"needs-retry.{service}", again)
    try:
        yield repeated
    finally:
        events.unregister(f"needs-retry.{service}", again)
