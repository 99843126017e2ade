"""What a check of a stack finds."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self


class Level(StrEnum):
    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """``section`` of docs/operate.md tells what to do; without it, that of the check does."""

    level: Level
    text: str
    section: str = ""

    @classmethod
    def ok(cls, text: str) -> Self:
        return cls(Level.OK, text)

    @classmethod
    def warn(cls, text: str, section: str = "") -> Self:
        return cls(Level.WARN, text, section)

    @classmethod
    def fail(cls, text: str, section: str = "") -> Self:
        return cls(Level.FAIL, text, section)
