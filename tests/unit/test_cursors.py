"""Cursors that were made by hand: whoever knows the way can make one of any position."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import pytest
from ringback.domain.client_keys import Scope
from ringback.domain.cursors import Cursors
from ringback.domain.errors import WrongCursor
from ringback.http_api.replies import JOB_FIELDS
from ringback.use_cases.list_queries import read_list_query
from ringback.use_cases.usage_queries import read_usage_query

from tests.support.jobs import a_job_id
from tests.unit.test_find_drops import a_drop, recorded

CLIENT: Final = "studio"
DROP: Final = a_drop(bad_rows=1)
DROPS: Final = recorded(DROP).find
SINCE: Final = {"from": "2026-01-01"}
OF_ALL: Final = {**SINCE, "by": "client"}

Read = Callable[[Mapping[str, str]], object]

# What is read, what its cursors are of, the parameters, and a position that it may have.
LISTS: Final[dict[str, tuple[Read, Mapping[str, Any], Mapping[str, str], list[str]]]] = {
    "jobs": (
        lambda query: read_list_query(query, client=CLIENT, known_fields=JOB_FIELDS),
        {},
        {},
        [a_job_id()],
    ),
    "usage": (
        lambda query: read_usage_query(query, client=CLIENT, scopes=[]),
        SINCE,
        SINCE,
        [a_job_id()],
    ),
    "usage of all clients": (
        lambda query: read_usage_query(query, client=CLIENT, scopes=[Scope.ADMIN]),
        OF_ALL,
        OF_ALL,
        ["shop", a_job_id()],
    ),
    "drops": (
        lambda query: DROPS.page(query, client=CLIENT),
        {"list": "drops"},
        {},
        [DROP.place],
    ),
    "bad rows": (
        lambda query: DROPS.one(DROP.drop.key, query, client=CLIENT),
        {"bad rows of": DROP.drop.fingerprint},
        {},
        ["17"],
    ),
}
FORGED: Final = [
    *([], [""], ["x"], ["-5"], ["1e3"], ["\N{ARABIC-INDIC DIGIT ONE}"], ["9" * 4000]),
    # DynamoDB has no key without a byte, or of more than 2,048.
    *(["", ""], ["", a_job_id()], ["x" * 2049, a_job_id()], ["shop", "x"]),
    *([a_job_id(), a_job_id(), a_job_id()], [a_job_id() + "\n"], [a_job_id().upper()]),
]


@pytest.mark.parametrize("name", LISTS)
def test_a_list_takes_its_own_positions(name: str) -> None:
    read, asked, query, position = LISTS[name]
    read({**query, "cursor": Cursors(CLIENT, asked).after(position)})


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("position", FORGED, ids=lambda parts: repr(parts)[:20])
def test_a_list_takes_no_other_position(name: str, position: list[str]) -> None:
    read, asked, query, _ = LISTS[name]
    with pytest.raises(WrongCursor):
        read({**query, "cursor": Cursors(CLIENT, asked).after(position)})
