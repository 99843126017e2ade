"""What the modules of the built layer import instead of pydantic.

Its core checks with the schemas that the build has written: ``precompile_models.py``. What only
describes the fields of a model is read by the build.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from operator import attrgetter
from typing import Any, ClassVar, Final, Self

from pydantic_core import SchemaValidator, ValidationError

__all__ = [
    *("AfterValidator", "BaseModel", "BeforeValidator", "ConfigDict", "Field"),
    "ValidationError",
    *("GenerateJsonSchema", "JsonSchemaValue", "StringConstraints"),
    *("ValidationInfo", "WithJsonSchema", "field_validator", "model_validator"),
]

# Instead of a class or a function, in a core schema that is text.
NAMED: Final = "$named"

ConfigDict = dict
JsonSchemaValue = dict[str, Any]
ValidationInfo = Any


class GenerateJsonSchema:
    """What it would generate is written."""


def _described(*_: Any, **__: Any) -> Any:
    """Return nothing: a field's description is in the schema."""


AfterValidator = BeforeValidator = Field = StringConstraints = WithJsonSchema = _described


def _as_it_is(*_: Any, **__: Any) -> Any:
    return lambda method: method


field_validator = model_validator = _as_it_is


class BaseModel:
    """The part of pydantic's that Ringback's models use."""

    # Its core sets these.
    __slots__ = (
        *("__dict__", "__pydantic_extra__", "__pydantic_fields_set__", "__pydantic_private__"),
    )

    model_fields: ClassVar[Mapping[str, Any]]

    def __init_subclass__(cls) -> None:
        cls.model_fields = dict.fromkeys(_written().FIELDS[name_of(cls)])

    @classmethod
    def model_validate(cls, given: Any, *, context: Any = None) -> Self:
        checked: Self = _validator(name_of(cls)).validate_python(given, context=context)
        return checked

    @classmethod
    def model_json_schema(cls, *, schema_generator: type[GenerateJsonSchema]) -> dict[str, Any]:
        names = (name_of(cls), name_of(schema_generator))
        schema: dict[str, Any] = json.loads(_written().JSON_SCHEMAS[names])
        return schema

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        yield from self.__dict__.items()


def name_of(named: Any) -> str:
    """Return the name by which ``decoded`` finds a class, a function or a class's method."""
    owner = getattr(named, "__self__", None)
    if owner is None:
        return f"{named.__module__}:{named.__qualname__}"
    return f"{owner.__module__}:{owner.__qualname__}.{named.__name__}"


def decoded(text: str) -> Any:
    """Return the core schema that the build has written as text."""
    return json.loads(text, object_hook=_found)


def _found(value: dict[str, Any]) -> Any:
    if NAMED not in value:
        return value
    module, _, name = value[NAMED].partition(":")
    return attrgetter(name)(import_module(module))


def _written() -> Any:
    return import_module("ringback.catalogue.precompiled_schemas")


@cache
def _validator(name: str) -> SchemaValidator:
    schema = decoded(_written().CORE_SCHEMAS[name])
    return SchemaValidator(schema, schema["config"])
