"""Files that were dropped into the drop bucket."""

import re
from dataclasses import dataclass
from typing import Final

S3: Final = "s3://"
_S3_URL: Final = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/(.+)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """One version of one object; the same file dropped again is another drop."""

    bucket: str
    key: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DroppedObject:
    """The newest version of an object: its first bytes and how many there are in all."""

    version: str
    head: bytes
    size: int


def bucket_and_key(url: str) -> tuple[str, str]:
    """Take ``s3://bucket/key`` apart; the key is as it is, not percent-encoded.

    Raises ``ValueError``.
    """
    found = _S3_URL.fullmatch(url)
    if found is None:
        raise ValueError("not s3://bucket/key")
    return found[1], found[2]
