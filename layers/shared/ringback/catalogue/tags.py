"""``tags`` in requests."""

from typing import Annotated, Final

from pydantic import AfterValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from ringback.domain.tags import MAX_TAG_LENGTH, MAX_TAGS, PATTERN, tag_fault

_SCHEMA: Final = {
    "type": "string",
    "minLength": 1,
    "maxLength": MAX_TAG_LENGTH,
    "pattern": PATTERN,
}


def _checked(tag: str) -> str:
    if fault := tag_fault(tag):
        raise PydanticCustomError("tag", "{fault}", {"fault": fault})
    return tag


def _without_repeats(tags: list[str]) -> list[str]:
    if len(set(tags)) < len(tags):
        raise PydanticCustomError("tags", "must not have a tag twice")
    return tags


Tags = Annotated[
    list[Annotated[str, AfterValidator(_checked), WithJsonSchema(_SCHEMA)]],
    Field(max_length=MAX_TAGS, json_schema_extra={"uniqueItems": True}),
    AfterValidator(_without_repeats),
]
