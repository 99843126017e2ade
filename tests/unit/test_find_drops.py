"""A client's dropped files: whose they are, what they say, and pages of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from ringback.domain.clock import EPOCH
from ringback.domain.drops import Drop, ListedDrop, Progress
from ringback.domain.errors import InvalidRequest, UnknownDrop, WrongCursor
from ringback.http_api.progress import drop_body, drop_details_body
from ringback.use_cases.find_drops import MAX_BAD_ROWS, FindDrops

from tests.support.jobs import NOON

SUMMARY = {"jobs": {"succeeded": 2}, "credits": 7.0, "jobs_without_credits": 0}


def a_drop(
    key: str = "requests/kites.csv", version: str = "v1", *, owner: str = "studio", **progress: Any
) -> ListedDrop:
    made_at = NOON + timedelta(minutes=int(version[1:]))
    place = f"{int(version[1:]):026}#{'0' * 64}"
    drop = Drop(bucket="drops", key=key, version=version)
    whole = Progress(made_at=made_at, owner=owner, **progress)
    return ListedDrop(drop=drop, progress=whole, place=place)


@dataclass
class Recorded:
    """The list, and the bucket: ``receipted`` has the version that each file's receipts are of."""

    listed: list[ListedDrop] = field(default_factory=list)
    receipted: dict[str, Drop] = field(default_factory=dict)
    counts: Mapping[str, Any] = field(default_factory=dict)
    bad: Sequence[Mapping[str, Any]] = ()
    asked: list[tuple[Any, ...]] = field(default_factory=list)

    def of(self, client: str, *, limit: int, before: str) -> Sequence[ListedDrop]:
        own = [each for each in self.listed if each.progress.owner == client]
        rest = [each for each in own if not before or each.place < before]
        return sorted(rest, key=lambda each: each.place, reverse=True)[:limit]

    def get(self, drop: Drop) -> ListedDrop | None:
        found = [each for each in self.listed if each.drop == drop]
        return replace(found[0], place="") if found else None

    def newest(
        self, name: str, *, limit: int | None = None, before: str = ""
    ) -> Any:  # of both ports: a client's list, and a file's newest version
        if limit is not None:
            return self.of(name, limit=limit, before=before)
        return self.receipted.get(name)

    def of_version(self, key: str, version: str) -> Drop:
        return Drop(bucket="drops", key=key, version=version)

    def summary(self, drop: Drop) -> Mapping[str, Any]:
        self.asked.append(("summary", drop.key))
        return self.counts

    def bad_rows(
        self, drop: Drop, *, start: int, most: int
    ) -> tuple[Sequence[Mapping[str, Any]], int | None]:
        self.asked.append(("bad rows", start, most))
        return self.bad, 700

    def links(self, drop: Drop) -> Sequence[tuple[str, str]]:
        return [(drop.table_key, f"https://s3.example/{drop.table_key}")]

    @property
    def find(self) -> FindDrops:
        return FindDrops(drops=self, files=self)


def recorded(*listed: ListedDrop, **more: Any) -> Recorded:
    """Return what is recorded of drops whose receipts are written."""
    receipted = {each.drop.key: each.drop for each in listed}
    return Recorded(listed=[*listed], **{"receipted": receipted, **more})


def test_pages_are_newest_first_and_end() -> None:
    world = recorded(*(a_drop(f"requests/{n}.csv", f"v{n}") for n in range(1, 6)))
    seen, query = [], {"limit": "2"}
    for _ in range(3):
        shown, cursor = world.find.page(query, client="studio")
        seen.append([each.listed.drop.version for each in shown])
        query["cursor"] = cursor or ""
    assert (seen, cursor) == ([["v5", "v4"], ["v3", "v2"], ["v1"]], None)


def test_a_cursor_is_good_for_its_own_list_only() -> None:
    others = recorded(*(a_drop(version=f"v{n}", owner="shop") for n in (1, 2)))
    _, of_shop = others.find.page({"limit": "1"}, client="shop")
    world = recorded(*(a_drop(version=f"v{n}", bad_rows=2) for n in (1, 2)))
    of_v1 = world.find.one("requests/kites.csv", {"version": "v1"}, client="studio").cursor
    for cursor in ("", "700", of_shop, of_v1):
        with pytest.raises(WrongCursor):
            world.find.page({"cursor": cursor or ""}, client="studio")
    for cursor in ("", "700", of_shop, of_v1):
        with pytest.raises(WrongCursor):
            query = {"cursor": cursor or "", "version": "v2"}
            world.find.one("requests/kites.csv", query, client="studio")


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ({"limit": "0"}, ["limit"]),
        ({"limit": "51"}, ["limit"]),
        ({"limit": "\N{ARABIC-INDIC DIGIT TWO}"}, ["limit"]),
        ({"cursor": "job_x", "limit": "x", "state": "final"}, ["cursor", "limit", "state"]),
    ],
)
def test_every_invalid_parameter_of_a_page_is_named(
    query: dict[str, str], named: list[str]
) -> None:
    with pytest.raises(InvalidRequest) as raised:
        recorded().find.page(query, client="studio")
    assert sorted(each.field for each in raised.value.errors) == named


@pytest.mark.parametrize(
    ("file", "query", "named"),
    [
        ("requests/a.csv", {"limit": "1", "state": "final"}, ["limit", "state"]),
        ("receipts/requests/a.csv.csv", {}, ["file"]),
        ("a" * 1025, {}, ["file"]),
        *(("requests/a.csv", {"version": text}, ["version"]) for text in ("", "\0", "v" * 1025)),
    ],
)
def test_every_invalid_parameter_of_a_file_is_named(
    file: str, query: dict[str, str], named: list[str]
) -> None:
    with pytest.raises(InvalidRequest) as raised:
        recorded().find.one(file, query, client="studio")
    assert sorted(each.field for each in raised.value.errors) == named


@pytest.mark.parametrize(
    ("progress", "summary", "state"),
    [
        ({"row": 3}, None, "reading"),
        ({"row": 3, "done": True}, None, "running"),
        ({"row": 3, "done": True}, SUMMARY, "final"),
    ],
)
def test_a_file_is_read_then_its_jobs_run_then_it_is_final(
    progress: dict[str, Any], summary: Mapping[str, Any] | None, state: str
) -> None:
    listed = replace(a_drop(**progress), summary=summary)
    world = recorded(listed, counts={"jobs": {"running": 2}, "updated_at": NOON.isoformat()})
    [shown], _ = world.find.page({}, client="studio")
    body = drop_body(shown)
    assert (body["state"], body["rows"]) == (state, 2)
    assert body["jobs"] == ({"succeeded": 2} if summary else {"running": 2})
    assert body["credits"] == (7.0 if summary else None)
    # The bucket is not asked about a file that is final.
    assert world.asked == ([] if summary else [("summary", "requests/kites.csv")])


def test_a_dry_run_has_an_estimate_and_needs_no_look_at_the_bucket() -> None:
    world = recorded(a_drop("requests/a.dry-run.csv", row=2, done=True, without_price=1))
    [shown], _ = world.find.page({}, client="studio")
    body = drop_body(shown)
    assert (body["state"], body["dry_run"], body["jobs"], world.asked) == ("final", True, {}, [])
    assert body["estimate"]["rows_without_price"] == 1


def test_a_file_whose_time_could_not_be_read_has_none() -> None:
    listed = a_drop(done=True, fault="is archived; restore it first")
    world = recorded(replace(listed, progress=replace(listed.progress, made_at=EPOCH)))
    [shown], _ = world.find.page({}, client="studio")
    assert (drop_body(shown)["dropped_at"], drop_body(shown)["fault"]) == (
        None,
        "is archived; restore it first",
    )


@pytest.mark.parametrize(
    "name", ["requests/kites.csv", "/requests/kites.csv", "s3://drops/requests/kites.csv"]
)
def test_a_file_is_found_by_its_key_or_url(name: str) -> None:
    world = recorded(a_drop())
    assert world.find.one(name, {}, client="studio").shown.listed.drop.version == "v1"


def test_a_file_is_found_however_its_accents_are_written() -> None:
    world = recorded(a_drop("requests/f\N{LATIN SMALL LETTER U WITH DIAERESIS}r.csv"))
    found = world.find.one("requests/fu\N{COMBINING DIAERESIS}r.csv", {}, client="studio")
    assert found.shown.listed.drop.version == "v1"


def test_a_file_without_receipts_is_found_in_the_list() -> None:
    world = recorded(a_drop(), a_drop(version="v2"), receipted={})
    assert (
        world.find.one("requests/kites.csv", {}, client="studio").shown.listed.drop.version == "v2"
    )


def test_an_older_version_is_found_by_name() -> None:
    world = recorded(a_drop(), a_drop(version="v2"))
    for version in ("v1", "v2"):
        found = world.find.one("requests/kites.csv", {"version": version}, client="studio")
        assert found.shown.listed.drop.version == version
    with pytest.raises(UnknownDrop):
        world.find.one("requests/kites.csv", {"version": "v3"}, client="studio")


@pytest.mark.parametrize("owner", ["shop", ""])
@pytest.mark.parametrize("query", [{}, {"version": "v1"}])
def test_another_client_s_file_is_an_unknown_file(owner: str, query: dict[str, str]) -> None:
    """So is one that a version before has begun: whose it is was not recorded."""
    world = recorded(a_drop(owner=owner, bad_rows=1))
    with pytest.raises(UnknownDrop):
        world.find.one("requests/kites.csv", query, client="studio")
    assert world.find.page({}, client="studio") == ([], None)
    assert world.asked == []


def test_bad_rows_are_read_from_where_the_last_ones_end() -> None:
    errors = [{"field": "input.image_size", "message": "must be..."}]
    bad = [{"row": 2, "prompt": "A door", "errors": errors}, {"errors": errors}]
    world = recorded(a_drop(row=9, bad_rows=2), bad=bad)
    first = world.find.one("requests/kites.csv", {}, client="studio")
    again = {"cursor": first.cursor or ""}
    body = drop_details_body(world.find.one("requests/kites.csv", again, client="studio"))
    assert [each for each in world.asked if each[0] == "bad rows"] == [
        ("bad rows", 0, MAX_BAD_ROWS),
        ("bad rows", 700, MAX_BAD_ROWS),
    ]
    assert body["bad"] == [
        {"row": 2, "prompt": "A door", "errors": errors},
        {"row": None, "prompt": None, "errors": errors},
    ]
    assert body["cursor"] == first.cursor
    assert body["receipts"] == [
        {
            "key": "receipts/requests/kites.csv.csv",
            "url": "https://s3.example/receipts/requests/kites.csv.csv",
        }
    ]


@pytest.mark.parametrize(("progress", "asks"), [({}, 0), ({"bad_rows": 1}, 1), ({"fault": "x"}, 1)])
def test_receipts_are_read_only_if_something_is_wrong(progress: dict[str, Any], asks: int) -> None:
    world = recorded(a_drop(row=9, **progress))
    found = world.find.one("requests/kites.csv", {}, client="studio")
    assert sum(each[0] == "bad rows" for each in world.asked) == asks
    assert (found.cursor is None) == (not asks)
