"""``tags`` in requests, recipes and sheets."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ringback.catalogue.field_kinds import field_kinds
from ringback.catalogue.requests import SubmitJobRequest, read_request
from ringback.domain.drops import Drop
from ringback.domain.errors import InvalidRequest
from ringback.domain.tags import MAX_TAG_LENGTH, PATTERN, tag_fault, tags_in
from ringback.sheets.recipes import photo_row
from ringback.sheets.rows import read_sheet

from tests.support.jobs import MODEL
from tests.support.sheets import layout_of, parts

SENT = {"model": MODEL, "input": {"prompt": "a kite"}}
EMPTY = "must not be empty, have commas or line breaks, or begin or end with a space"


def refusals(tags: Any) -> dict[str, str]:
    with pytest.raises(InvalidRequest) as refused:
        read_request({**SENT, "tags": tags})
    return {error.field: error.message for error in refused.value.errors}


@pytest.mark.parametrize(
    "tags", [[], ["spring"], ["order 66", "春", "\N{WHITE HEAVY CHECK MARK}", "x" * 50]]
)
def test_tags_are_a_part_of_the_request(tags: list[str]) -> None:
    request = read_request({**SENT, "tags": tags})
    assert request.tags == tuple(tags)
    assert request.sent["tags"] == tags
    assert request.input.keys() == read_request(SENT).input.keys()


def test_a_request_needs_no_tags() -> None:
    assert read_request(SENT).tags == ()


@pytest.mark.parametrize("tag", ["", " ", " a", "a ", "a,b", "a\nb", "\t", "a\x00b", "a\u2028b"])
def test_what_is_no_tag_is_refused(tag: str) -> None:
    assert refusals(["spring", tag]) == {"tags.1": EMPTY}


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        ({"tag": 1}, "must be a list"),
        ("spring", 'must be a list, such as ["..."]'),
        (None, "must be a list"),
        (["a", "a"], "must not have a tag twice"),
        ([str(n) for n in range(11)], "must have at most 10 items; it has 11"),
    ],
)
def test_the_whole_list_is_refused(tags: Any, message: str) -> None:
    assert refusals(tags) == {"tags": message}


def test_a_tag_that_is_no_text_or_too_long_is_named() -> None:
    assert refusals([7, "x" * 51]) == {
        "tags.0": "must be text, in quotes",
        "tags.1": "must have at most 50 characters; it has 51",
    }


def test_tags_do_not_belong_into_the_input() -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_request({"model": MODEL, "input": {"prompt": "a kite", "tags": ["spring"]}})
    [error] = refused.value.errors
    assert error.message == "unknown field; it belongs beside input, not in it"


def test_a_field_that_is_nearly_tags_is_asked_about() -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_request({**SENT, "tag": ["spring"]})
    [error] = refused.value.errors
    assert error.message == "unknown field; did you mean tags?"


@given(st.text(max_size=60))
def test_the_schema_says_what_a_tag_is(tag: str) -> None:
    by_schema = len(tag) <= MAX_TAG_LENGTH and re.search(PATTERN, tag) and not tag.endswith("\n")
    assert bool(by_schema) == (tag_fault(tag) == "")
    schema = SubmitJobRequest.model_json_schema()["properties"]["tags"]
    assert (schema["maxItems"], schema["uniqueItems"]) == (10, True)
    assert schema["items"]["pattern"] == PATTERN


@given(st.lists(st.text(max_size=9).filter(lambda tag: not tag_fault(tag)), unique=True))
def test_tags_go_into_a_cell_and_out_of_it(tags: list[str]) -> None:
    assert tags_in(" , ".join(tags)) == tags


def test_a_sheet_has_a_column_for_them() -> None:
    sheet = f'model,input.prompt,Tags\n{MODEL},a kite,"spring, order 66 ,,"\n{MODEL},a sea,\n'
    data = sheet.encode()
    layout = layout_of(data)
    rows = read_sheet(parts(data[layout.start :]), layout, kinds=field_kinds, start=layout.start)
    with_tags, without = [json.loads(row.request) for row in rows]
    assert with_tags == {**SENT, "tags": ["spring", "order 66"]}
    assert without == {"model": MODEL, "input": {"prompt": "a sea"}}


def test_a_recipe_may_have_tags() -> None:
    drop = Drop(bucket="drops", key="recipes/fox/1.jpg", version="v1")
    recipe = {"model": "bytedance/seedream-v4-edit", "input": {"prompt": "x"}, "tags": ["fox"]}
    row = photo_row(drop, json.dumps(recipe).encode(), {}, end=1)
    request = read_request(json.loads(row.request), find_image=lambda url: (url, "v1"))
    assert request.tags == ("fox",)
