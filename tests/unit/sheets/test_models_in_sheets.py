"""A row of a sheet is equivalent to a request, for every model."""

import csv
import io
import json
from typing import Any

import pytest
from ringback.catalogue.field_kinds import field_kinds
from ringback.domain.drops import Row
from ringback.domain.errors import InvalidRequest
from ringback.sheets.rows import read_sheet

from tests.support.model_facts import FACTS, good_values, smallest
from tests.support.requests import read_request
from tests.support.sheets import layout_of, parts


def the_row(model: str, cells: dict[str, str]) -> Row:
    text = io.StringIO(newline="")
    names = {f"input.{name}": cell for name, cell in cells.items()}
    csv.writer(text, delimiter=";").writerows([["model", *names], [model, *names.values()]])
    data = text.getvalue().encode()
    layout = layout_of(data)
    rest = parts(data[layout.start :])
    (row,) = read_sheet(rest, layout, kinds=field_kinds, start=layout.start)
    return row


def cell(value: Any) -> str:
    """Return the value as spreadsheets write it."""
    if isinstance(value, list):
        return " | ".join(value)
    return str(value).upper() if isinstance(value, bool) else str(value)


@pytest.mark.parametrize("model", FACTS)
def test_every_valid_value_can_be_written_in_a_cell(model: str) -> None:
    for name, fact in FACTS[model].items():
        for value in good_values(fact):
            given = smallest(model) | {name: value}
            row = the_row(model, {each: cell(one) for each, one in given.items()})
            sent = json.dumps({"model": model, "input": given}).encode()
            assert read_request(row.request) == read_request(sent)


def test_a_value_that_cannot_be_converted_is_reported_by_the_model() -> None:
    row = the_row(
        "bytedance/seedream-v4-edit",
        {
            "prompt": "7",
            "max_images": "two",
            "nsfw_checker": "maybe",
            "image_urls": "|",
            "a.b": "1",
        },
    )
    with pytest.raises(InvalidRequest) as refused:
        read_request(row.request)
    assert {error.field for error in refused.value.errors} == {
        "input.max_images",
        "input.nsfw_checker",
        "input.image_urls",
        "input.a",
    }
