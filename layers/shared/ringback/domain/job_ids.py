"""Job ids: unguessable, and sorted by creation time."""

import re
import secrets
from datetime import datetime, timedelta
from typing import Final

from ringback.domain.clock import EPOCH
from ringback.domain.jobs import JobId

RANDOM_BYTES: Final = 10
_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
PATTERN: Final = rf"job_[{_ALPHABET}]{{26}}"


def new_job_id(now: datetime, randomness: bytes) -> JobId:
    """Return ``job_`` and a lower-case ULID: 48 bits of milliseconds, then 80 random bits.

    ``randomness`` has at least ``RANDOM_BYTES`` bytes. https://github.com/ulid/spec
    """
    milliseconds = int(now.timestamp() * 1000)
    number = milliseconds << (8 * RANDOM_BYTES) | int.from_bytes(randomness[:RANDOM_BYTES])
    digits = (_ALPHABET[number >> shift & 31] for shift in range(125, -5, -5))
    return JobId("job_" + "".join(digits))


def random_job_id(now: datetime) -> JobId:
    """Return an unguessable id. The only function that draws randomness for one."""
    return new_job_id(now, secrets.token_bytes(RANDOM_BYTES))


def parts_of(job_id: JobId) -> tuple[int, bytes]:
    """Return the milliseconds and the ``RANDOM_BYTES`` that an id was made of."""
    number = 0
    for digit in job_id.removeprefix("job_"):
        number = number << 5 | _ALPHABET.index(digit)
    milliseconds, rest = divmod(number, 1 << (8 * RANDOM_BYTES))
    return milliseconds, rest.to_bytes(RANDOM_BYTES)


def made_at(job_id: JobId) -> datetime:
    """Return the moment in an id: when its job was posted, or its file dropped."""
    return EPOCH + timedelta(milliseconds=parts_of(job_id)[0])


def first_of_its_time(job_id: JobId) -> JobId:
    """Return the lowest id of the same millisecond; all jobs of a drop share theirs."""
    made_at = job_id[: -RANDOM_BYTES * 8 // 5]
    return JobId(made_at + _ALPHABET[0] * (RANDOM_BYTES * 8 // 5))


def first_since(moment: datetime) -> JobId:
    """Return the lowest id that a job of this moment, to the millisecond, or a later one has."""
    return new_job_id(max(moment, EPOCH), bytes(RANDOM_BYTES))


def is_job_id(text: str) -> bool:
    return re.fullmatch(PATTERN, text) is not None
