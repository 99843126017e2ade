"""Whatever stands in the path and the query of any route, the answer is a described one."""

import json
from collections.abc import Iterator
from typing import Any, Final

import pytest
from ringback.domain.cursors import Cursors

from tests.integration.test_two_clients import OWN, ROUTES, SOURCES, a_request
from tests.support.jobs import a_job_id
from tests.support.lambdas import Lambdas

HOSTILE: Final = [
    *("", " ", "\0", "a\0b", "\ud800", "\udc00x", "x" * 10_240, "\N{LATIN SMALL LETTER U}\u0308"),
    *("../..", "%2e%2e%2f", "#", "a#b", "//", ",,", "true,true", "'\"<script>", "\u202egpj"),
    *(a_job_id().upper(), a_job_id() + "\n", "\uff4a\uff4f\uff42_" + a_job_id()[4:]),
    *("receipts/", "receipts/#shop", "s3:///", "s3://b/receipts/#shop", "\u00fc" * 700),
    *("-1", "0", "1.0", "1e3", "\N{ARABIC-INDIC DIGIT ONE}", "9" * 30, "NaN", "null"),
]
MOMENTS: Final = [
    *("1969-12-31", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "10000-01-01"),
    *("2026-06-30T23:59:60Z", "2026-02-30", "2026-11-27T12:00:00+25:00", "\uff12026-11-27"),
]
QUERIES: Final = {
    "GET /jobs": ("limit", "cursor", "status", "model", "tag", "source", "from", "to", "q"),
    "GET /usage": ("from", "to", "by", "cursor"),
    "GET /drops": ("limit", "cursor"),
    "GET /drops/{file+}": ("version", "cursor"),
    "POST /jobs": ("dry_run",),
    "POST /jobs/retry": ("source", "status"),
}
# Of which nothing is known, but that they are well made.
FORGED: Final[tuple[list[str], ...]] = (
    [""],
    ["x"],
    ["x" * 3_000],
    ["-5"],
    ["9" * 30],
    [],
    ["a", "b"],
    ["a", "b", "c"],
)
LISTS: Final[list[dict[str, str]]] = [{}, {"list": "drops"}, {"from": "2026-01-01", "by": "client"}]


def requests(route: str) -> Iterator[dict[str, Any]]:
    for text in HOSTILE if "{" in route else ():
        yield a_request(route, job_id=text)
    for name in QUERIES.get(route, ()):
        for text in [*HOSTILE, *(MOMENTS if name in ("from", "to") else ())]:
            needed = {"from": "0001-01-01"} if route == "GET /usage" else {}
            yield a_request(route, job_id=SOURCES[0], query={**needed, name: text})
    for text in HOSTILE[:6]:
        yield a_request(route, job_id=a_job_id(), query={text: "x"})
    for asked in LISTS if "cursor" in QUERIES.get(route, ()) else ():
        for position in FORGED:
            shown = {} if "list" in asked else asked
            cursor = Cursors(OWN, asked).after(position)
            yield a_request(route, job_id=SOURCES[0], query={**shown, "cursor": cursor})


@pytest.mark.parametrize(("function", "route"), ROUTES, ids=[route for _, route in ROUTES])
def test_every_request_is_answered_as_described(
    lambdas: Lambdas, function: str, route: str
) -> None:
    """``Lambdas`` compares each answer with the API's description."""
    for request in requests(route):
        reply = lambdas(function, request)
        asked = request["pathParameters"], request["queryStringParameters"]
        assert reply["statusCode"] < 500, asked
        # As Lambda sends it.
        assert json.dumps(reply, ensure_ascii=False).encode()
