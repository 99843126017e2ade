"""Work on many items at a time."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_parallel(
    work: Callable[[Item], Result], items: Iterable[Item], parallel: int
) -> Iterator[tuple[Item, "Future[Result]"]]:
    """Yield each item once it is done; leaving early begins no other and waits for none."""
    pool = ThreadPoolExecutor(parallel)
    try:
        pending = {pool.submit(work, item): item for item in items}
        for future in as_completed(pending):
            yield pending[future], future
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
