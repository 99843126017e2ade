"""Write what pydantic makes of Ringback's models into a folder of packages: its build runs this.

Pydantic's import and the schemas that it makes are a third of the start of a function that checks
requests. Its core checks with a finished schema just as well. docs/decisions/0073.
"""

import json
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, Final

OURS: Final = "ringback"
STAND_IN: Final = f"{OURS}.catalogue.precompiled_models"
WRITTEN: Final = f"{OURS}.catalogue.precompiled_schemas"
# What a model gives out as it is.
DATA: Final = frozenset({"default", "expected"})
IMPORT: Final = re.compile(r"^from pydantic(\.json_schema)? import ", re.MULTILINE)

SOURCE: Final = '''\
"""Made by Ringback's build: what pydantic makes of each model, by its name."""

FIELDS = {fields!r}
CORE_SCHEMAS = {core!r}
# By the name of their generator, too.
JSON_SCHEMAS = {described!r}
'''


def main(folder: Path) -> None:
    sys.path.insert(0, str(folder))
    users = [path for path in sorted(folder.rglob("*.py")) if IMPORT.search(path.read_text())]
    for path in users:
        import_module(".".join(path.relative_to(folder).with_suffix("").parts))
    write_schemas(folder.joinpath(*WRITTEN.split(".")).with_suffix(".py"))
    for path in users:
        path.write_text(IMPORT.sub(f"from {STAND_IN} import ", path.read_text()))


def write_schemas(file: Path) -> None:
    name_of = import_module(STAND_IN).name_of
    models = ours(import_module("pydantic").BaseModel)
    generators = ours(import_module("pydantic.json_schema").GenerateJsonSchema)
    for model in models:
        model.model_rebuild()  # some are made with their first use
    source = SOURCE.format(
        fields={name_of(model): tuple(model.model_fields) for model in models},
        core={name_of(model): encoded(model.__pydantic_core_schema__) for model in models},
        described={
            (name_of(model), name_of(generator)): json.dumps(
                model.model_json_schema(schema_generator=generator)
            )
            for model in models
            for generator in generators
        },
    )
    file.write_text(source)


def ours(base: Any) -> list[Any]:
    return [each for each in subclasses(base) if each.__module__.startswith(f"{OURS}.")]


def subclasses(base: Any) -> Iterator[Any]:
    for each in base.__subclasses__():
        yield each
        yield from subclasses(each)


def encoded(schema: Any) -> str:
    """Return a core schema as text. Raises ``SystemExit`` if it would be read as another one."""
    stand_in, needed = import_module(STAND_IN), for_checks(schema)
    text = json.dumps(needed, default=lambda named: {stand_in.NAMED: stand_in.name_of(named)})
    # The layer finds the options there: not of a model that refers to itself, or is named twice.
    # By their representation a member of an enumeration differs from its text.
    if repr(stand_in.decoded(text)) != repr(needed) or "config" not in needed:
        raise SystemExit(f"precompile_models.py can't write this schema: {needed}")
    return text


def for_checks(value: Any) -> Any:
    """Return a schema without what only JSON Schemas are made of."""
    if isinstance(value, dict):
        unused = {"metadata", "ref"} if isinstance(value.get("type"), str) else set()
        kept = {name: each for name, each in value.items() if name not in unused}
        return {name: each if name in DATA else for_checks(each) for name, each in kept.items()}
    return [for_checks(each) for each in value] if isinstance(value, list) else value


if __name__ == "__main__":
    main(Path(sys.argv[1]))
