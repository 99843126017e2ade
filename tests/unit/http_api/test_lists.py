import json
from http import HTTPStatus
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ringback.domain.jobs import JobId
from ringback.http_api import lists
from ringback.http_api.lists import page_body
from ringback.http_api.replies import reply


def sizes(*kilobytes: int) -> list[dict[str, Any]]:
    return [
        {"job_id": f"job_{number}", "input": "x" * 1024 * size}
        for number, size in enumerate(kilobytes)
    ]


def test_a_page_that_fits_has_the_cursor_of_the_next() -> None:
    jobs = sizes(1, 2, 3)
    assert page_body(jobs, JobId("job_9"), str) == {"jobs": jobs, "cursor": "job_9"}
    assert page_body([], None, str) == {"jobs": [], "cursor": None}


def test_a_page_ends_before_4_mb_with_the_cursor_of_its_last_job() -> None:
    jobs = sizes(1500, 1500, 1500, 1)
    assert page_body(jobs, JobId("job_9"), str) == {"jobs": jobs[:2], "cursor": "job_1"}
    # One that is larger would never be shown otherwise; an item of the table has 400 KB at most.
    assert page_body(sizes(5000, 1), None, str) == {"jobs": sizes(5000), "cursor": "job_0"}


@given(
    st.lists(st.integers(1, 900), max_size=30),
    st.sampled_from(["x", '"', "\\", "\n", "蝉", "\x00", "\ud800"]),
)
def test_every_job_is_on_one_page_and_every_page_fits(lengths: list[int], letter: str) -> None:
    rest = [
        {"job_id": f"job_{number}", "input": letter * length}
        for number, length in enumerate(lengths)
    ]
    ids, seen = [job["job_id"] for job in rest], []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lists, "MAX_PAGE_BYTES", 4000)
        while rest:
            page = page_body(rest, None, str)
            shown = [job["job_id"] for job in page["jobs"]]
            assert len(json.dumps(reply(HTTPStatus.OK, page))) < 4500 or len(shown) == 1
            seen += shown
            rest = rest[len(shown) :]
            assert page["cursor"] == (shown[-1] if rest else None)
    assert seen == ids
