"""Files that were dropped into the drop bucket."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """One version of one object; the same file dropped again is another drop."""

    bucket: str
    key: str
    version: str
