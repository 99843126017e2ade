"""A client's own words for its job, by which it finds the job again."""

import re
from typing import Final

TAGS: Final = "tags"
MAX_TAGS: Final = 10
# In characters. Each write of a job is billed by its size.
MAX_TAG_LENGTH: Final = 50
# No control characters or line ends, and no comma, which separates tags in sheets and queries.
_INSIDE: Final = r",\x00-\x1f\x7f-\x9f\u2028\u2029"
PATTERN: Final = rf"^[^\s{_INSIDE}]([^{_INSIDE}]*[^\s{_INSIDE}])?$"
_TAG: Final = re.compile(PATTERN)


def tag_fault(tag: str) -> str:
    """Return what is wrong with a tag, empty if nothing is."""
    if len(tag) > MAX_TAG_LENGTH:
        return f"must have at most {MAX_TAG_LENGTH} characters; it has {len(tag)}"
    if not _TAG.fullmatch(tag):
        return "must not be empty, have commas or line breaks, or begin or end with a space"
    return ""


def tags_in(text: str) -> list[str]:
    """Return the tags between commas, as in a cell or a query, each once."""
    return list(dict.fromkeys(filter(None, map(str.strip, text.split(",")))))
