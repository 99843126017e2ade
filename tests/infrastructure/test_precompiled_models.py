"""The built layer checks requests as pydantic does, and loads none of pydantic but its core."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import precompile_models
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field, model_validator
from ringback.catalogue import canary, precompiled_models, requests, schemas, upload_requests
from ringback.catalogue.models import MODELS
from ringback.catalogue.precompiled_models import name_of
from ringback.domain.jobs import JobStatus

from tests.support.interpreters import printed_by
from tests.support.model_outcomes import outcome
from tests.support.template import ROOT

SHARED = ROOT / "layers" / "shared"
ALL: list[type[BaseModel]] = [*MODELS.values(), *canary.CANARY_MODELS.values()]
ALL += [requests.SubmitJobRequest, upload_requests.UploadRequest]
OURS = {name_of(model): model for model in ALL}
USERS = ("accept_job", "describe_models", "open_upload", "serve_provider_apis", "take_drops")
RECORDED = [json.loads(path.read_text()) for path in ROOT.glob("events/functions/*/*.json")]
DESCRIBE = """
import json, sys
from ringback.catalogue import schemas
print(json.dumps(schemas.describe_all()))
assert "pydantic" not in sys.modules
"""
LOADED = "import app, sys; assert not {*sys.argv[1:]} & {*sys.modules}, sys.modules.keys()"

Ask = Callable[[str, object], str]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with Ringback as the build of its layer makes it."""
    folder = tmp_path_factory.mktemp("layer")
    shutil.copytree(
        SHARED / "ringback", folder / "ringback", ignore=shutil.ignore_patterns("__pycache__")
    )
    script = str(precompile_models.__file__)
    subprocess.run([sys.executable, "-B", script, folder], check=True)  # noqa: S603
    return folder


@pytest.fixture(scope="module")
def ask(built: Path) -> Iterator[Ask]:
    """Return what has the built layer check something."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.model_outcomes"],
        env={"PYTHONPATH": str(built)},
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        told, answers = process.stdin, process.stdout
        assert told
        assert answers

        def ask_it(name: str, body: object) -> str:
            told.write(f"{json.dumps([name, body])}\n")
            told.flush()
            found, loads_pydantic = json.loads(answers.readline())
            assert not loads_pydantic
            return str(found)

        yield ask_it
        told.close()


def valid(schema: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Return values of a field, some of them just beyond its limits."""
    match schema:
        case {"enum": choices}:
            return st.sampled_from(choices)
        case {"type": "array", "items": items}:
            most = schema.get("maxItems", 3)
            return st.lists(valid(items), max_size=1) | st.lists(
                valid(items), min_size=most, max_size=most + 1
            )
        case {"type": "integer" | "number"}:
            limits = [schema.get("minimum", -1), schema.get("maximum", 1)]
            return st.sampled_from([*limits, float(limits[0]), limits[0] - 1, limits[1] + 1])
        case {"type": "boolean"}:
            return st.booleans()
        case {"type": "string"}:
            most = min(schema.get("maxLength", 9), 5000)
            texts = ["", " ", "a kite", "https://a.example/1.png", "x" * most, "x" * (most + 1)]
            urls = ["s3://drops/a.png", "http://a.example:80/hook"]
            return st.sampled_from([*texts, *urls, "0f" * 32])
        case _:
            return st.just({"prompt": "a kite"})


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=9)
    | st.sampled_from(["2.0", "true", "s3://drops/a.png", "http://a.example/1.png", "data:,"]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=4), inner, max_size=2)
    ),
    max_leaves=3,
)


def bodies(model: type[BaseModel]) -> st.SearchStrategy[Any]:
    schema = schemas.without_titles(model)
    fields = {name: valid(each) for name, each in schema["properties"].items()}
    needed = {name: fields[name] for name in schema.get("required", [])}
    sent_anyway = {"creation_type": st.sampled_from([3, 4]), "ref_img_url": st.just([])}
    others = fields | sent_anyway | dict.fromkeys(("n", "image_urls"), ANYTHING)
    optional = {name: each for name, each in others.items() if name not in needed}
    wrong = st.dictionaries(st.sampled_from([*others]), ANYTHING, max_size=1)
    right = st.fixed_dictionaries(needed, optional=optional)
    return st.tuples(right, wrong).map(lambda both: both[0] | both[1]) | ANYTHING


@pytest.mark.parametrize("name", OURS)
@given(data=st.data())
def test_a_model_checks_what_it_is_given_as_pydantic_does(
    name: str, ask: Ask, data: st.DataObject
) -> None:
    body = data.draw(bodies(OURS[name]))
    assert ask(name, body) == outcome(name, body)


def test_what_a_check_needs_to_know_reaches_it(ask: Ask) -> None:
    edit = name_of(MODELS["seedream/4.5-edit"])
    dropped = {"prompt": "a kite", "image_urls": ["s3://drops/a.png"]}
    assert "s3://drops/a.png?found" in ask(edit, dropped)
    assert ask(edit, dropped) == outcome(edit, dropped)
    post = name_of(requests.SubmitJobRequest)
    called_back = {"model": "x", "input": {}, "callBackUrl": "http://a.example:80/hook"}
    assert "{'model': 'x'" in ask(post, called_back)
    assert ask(post, called_back) == outcome(post, called_back)


def test_recorded_requests_are_checked_as_by_pydantic(ask: Ask) -> None:
    for event in RECORDED:
        sent = event.get("body") if isinstance(event, dict) else None
        if not isinstance(sent, str) or not sent.startswith("{"):
            continue
        body = json.loads(sent)
        inner = body.get("input", body)
        for name in OURS:
            for each in (body, inner):
                assert ask(name, each) == outcome(name, each)


def test_models_are_described_as_by_pydantic(built: Path) -> None:
    described = printed_by("-c", DESCRIBE, packages=built)
    assert described.strip() == json.dumps(schemas.describe_all())


@pytest.mark.parametrize("function", USERS)
def test_a_function_of_the_built_layer_loads_only_the_core(built: Path, function: str) -> None:
    arguments = ("-B", "-W", "error", "-c", LOADED, "pydantic", "annotated_types")
    printed_by(*arguments, packages=built, cwd=ROOT / "functions" / function)


class _WithAFunctionOfItsOwn(BaseModel):
    size: int = Field(default_factory=lambda: 3)


class _OfItself(BaseModel):
    inner: "list[_OfItself]" = Field(default=[])


class _CheckedAfterwards(BaseModel):
    @model_validator(mode="after")
    def _as_it_is(self) -> Self:
        return self


@pytest.mark.parametrize("model", [_OfItself, _CheckedAfterwards])
def test_a_model_whose_options_the_layer_would_not_find_fails_the_build(
    model: type[BaseModel],
) -> None:
    with pytest.raises(SystemExit, match="can't write this schema"):
        precompile_models.encoded(model.__pydantic_core_schema__)


def test_a_schema_that_can_t_be_written_fails_the_build() -> None:
    with pytest.raises(AttributeError):
        precompile_models.encoded(_WithAFunctionOfItsOwn.__pydantic_core_schema__)
    with pytest.raises(SystemExit, match="can't write this schema"):
        precompile_models.encoded(
            {"type": "literal", "expected": ("a list would be another",), "config": {}}
        )
    with pytest.raises(SystemExit, match="can't write this schema"):
        precompile_models.encoded({"type": "default", "default": JobStatus.FAILED, "config": {}})


def test_the_packages_are_those_of_the_python_that_runs_the_build(tmp_path: Path) -> None:
    programs, told = tmp_path / "bin", tmp_path / "told"
    programs.mkdir()
    for name, text in (("python3", "exit 1"), ("uv", f'echo "$@" > "{told}"; exit 1')):
        (programs / name).write_text(f"#!/bin/sh\n{text}\n")
        (programs / name).chmod(0o755)
    done = subprocess.run(  # noqa: S603
        ["make", "-C", SHARED, "build-SharedLayer"],  # noqa: S607
        env={"PATH": f"{programs}:{os.defpath}", "ARTIFACTS_DIR": str(tmp_path / "layer")},
        capture_output=True,
        check=False,
    )
    assert done.returncode
    assert f"--python {programs}/python3 " in told.read_text()


def test_what_is_for_descriptions_only_is_left_out() -> None:
    field = {"type": "model-field", "schema": {"type": "str"}, "metadata": {"x": 1}}
    fields = {"type": field, "metadata": field, "ref": field}
    schema = {"type": "model-fields", "fields": fields, "config": {}}
    needed = precompile_models.for_checks(schema)
    assert needed["fields"].keys() == {"type", "metadata", "ref"}
    assert needed["fields"]["ref"] == {"type": "model-field", "schema": {"type": "str"}}
    assert precompiled_models.decoded(precompile_models.encoded(schema)) == needed
    default = {"type": "default", "default": {"type": "a", "ref": "b"}}
    assert precompile_models.for_checks(default) == default
