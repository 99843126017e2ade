"""The studio's modules without a page: what they compute, in the browser that runs them."""

from typing import Any, Final

import pytest
from ringback.catalogue.schemas import describe_all

GOOD_URLS: Final = ("https://example.com/a.png", "s3://bucket/a b.png")
BAD_URLS: Final = ("http://example.com/a.png", "ftp://example.com/a", "a.png")
# Each prompt has characters that JavaScript counts twice.
CHECKS: Final = """async ([model, good, bad]) => {
  const { fieldsOf, check } = await import('./schema.js');
  const key = (field, value) => check(field, value)?.key ?? null;
  const text = (length) => '\U0001f98a'.repeat(length);
  return fieldsOf(model.input).map((field) => [field.name, field.kind, {
    text: ({ minLength: from, maxLength: to }) => [text(from), text(to), '', text(to + 1)],
    number: ({ minimum: from, maximum: to }) => [from, to, from - 1, '1e3'].map(String),
    images: ({ maxItems: to }) =>
      [good.slice(0, to), Array(to).fill(good[0]), ...bad.map((url) => [url])],
    choice: (field) => field.enum.map(String),
    flag: () => ['true', 'false'],
  }[field.kind](field).map((value) => key(field, value))]);
}"""


@pytest.mark.parametrize("model", describe_all(), ids=lambda model: model["id"])
def test_the_form_knows_the_limits_of_every_model(modules: Any, model: dict[str, Any]) -> None:
    required = model["input"]["required"]
    found = modules.evaluate(CHECKS, [model, GOOD_URLS, BAD_URLS])
    assert [name for name, _, _ in found] == list(model["input"]["properties"])
    for name, kind, answers in found:
        empty = "check.required" if name in required else None
        assert answers == {
            "text": [None, None, empty, "check.long"],
            # Of 64 bits, JavaScript can't tell the last numbers apart; the API can.
            "number": [None, None, None if name == "seed" else "check.small", "check.number"],
            "images": [None, None, *["check.url"] * len(BAD_URLS)],
            "choice": [None] * len(answers),
            "flag": [None, None],
        }.get(kind), name


def test_seeds_keep_all_of_their_digits(modules: Any) -> None:
    script = """async () => {
      const { valueOf } = await import('./schema.js');
      const { writeJson } = await import('./api.js');
      const seed = { kind: 'number', type: 'integer' };
      return writeJson({ seed: valueOf(seed, '9223372036854775807'), other: valueOf(seed, '7') });
    }"""
    assert modules.evaluate(script) == '{"seed":9223372036854775807,"other":7}'


JOB: Final = {
    "status": "succeeded",
    "model": "some/model",
    "tags": ["spring", "order 66", "caf\u00e9"],
    "source": "requests/kites.csv",
    "input": {"prompt": "A red kite over the sea"},
    # Half past one in Shanghai, on the 28th.
    "created_at": "2026-11-27T17:30:00+00:00",
}


@pytest.mark.parametrize(
    ("filters", "is_shown"),
    [
        ({}, True),
        ({"q": "SEA red"}, True),
        ({"q": "red sky"}, False),
        ({"status": "failed,succeeded"}, True),
        ({"status": "failed"}, False),
        ({"tag": "order 66,spring"}, True),
        ({"tag": "spring,summer"}, False),
        ({"source": "s3://drops/requests/kites.csv"}, True),
        ({"source": "requests/doors.csv"}, False),
        ({"from": "2026-11-28", "to": "2026-11-28"}, True),
        ({"to": "2026-11-27"}, False),
        ({"from": "2026-11-29"}, False),
        ({"model": "another/model"}, False),
        # Full-width letters, and an accent that is a character of its own.
        ({"q": "\uff32\uff25\uff24"}, True),
        ({"tag": "cafe\u0301"}, True),
    ],
)
def test_a_live_job_is_shown_if_the_list_would_have_it(
    modules: Any, filters: dict[str, str], *, is_shown: bool
) -> None:
    script = "async (given) => (await import('./filters.js')).matches(...given)"
    assert modules.evaluate(script, [JOB, filters]) == is_shown


def test_days_are_asked_for_as_they_are_here(modules: Any) -> None:
    script = "async (filters) => (await import('./filters.js')).queryOf(filters)"
    assert modules.evaluate(script, {"from": "2026-11-27", "to": "2026-11-27", "q": "x"}) == {
        "from": "2026-11-26T16:00:00.000Z",
        "to": "2026-11-27T16:00:00.000Z",
        "q": "x",
    }


def test_rows_fill_the_width_however_the_pictures_come(modules: Any) -> None:
    """Page by page or all at once, they lie alike; only the last row may be short."""
    script = """async () => {
      const { Rows } = await import('./rows.js');
      const ratio = (index) => 0.3 + (index * 7 % 11) / 3;
      const items = Array.from({ length: 400 }, (_, index) => ({ ratio: ratio(index) }));
      const table = { width: 1000, gap: 10, height: 200 };
      const [at_once, by_page] = [new Rows(), new Rows()];
      at_once.arrange(items, 0, table);
      let begin = 0;
      for (const end of [41, 140, 239, 400]) {
        by_page.arrange(items.slice(0, end), begin, table);
        begin = end;
      }
      const rows = (table) => table.between(0, 1e6).map((row) => {
        const { x, width } = table.placesOf(row).at(-1);
        return { ...row, right: Math.round(x + width) };
      });
      return [rows(at_once), rows(by_page)];
    }"""
    at_once, by_page = modules.evaluate(script)
    assert at_once == by_page
    assert {row["right"] for row in at_once[:-1]} == {1000}
    assert at_once[-1]["last"] == 400
    assert all(row["height"] <= 200 for row in at_once)


@pytest.mark.parametrize(
    ("url", "place"),
    [
        (
            "https://pictures.s3.eu-west-1.amazonaws.com/images/job_1/1.png?X-Amz-Expires=3600",
            {
                "s3": "s3://pictures/images/job_1/1.png",
                "console": "https://console.aws.amazon.com/s3/object/pictures"
                "?region=eu-west-1&prefix=images%2Fjob_1%2F1.png",
            },
        ),
        (
            "http://127.0.0.1:4566/pictures/images/job_1/1.png",
            {"s3": "s3://pictures/images/job_1/1.png", "console": None},
        ),
    ],
)
def test_a_link_says_where_the_picture_is(modules: Any, url: str, place: dict[str, Any]) -> None:
    script = "async (url) => (await import('./links.js')).placeOf(url, 'images/job_1/1.png')"
    assert modules.evaluate(script, url) == place
