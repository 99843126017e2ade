"""What the preflight says of the account's executions follows from the template."""

from collections.abc import Mapping
from typing import Any, Final

import pytest

from local.concurrency import FOR_REQUESTS, SAVINGS, event_source_concurrency, smallest_change
from tests.support.repository import text_of
from tests.support.template import ADJUSTABLE, combinations, load_template, resources, values_of

PARAMETERS: Final[dict[str, dict[str, Any]]] = load_template()["Parameters"]
ALL_SAVINGS: Final = {name: value for each in SAVINGS for name, value in each.items()}
# Of a new account.
SMALL_ACCOUNT: Final = 10


def in_the_template(parameters: Mapping[str, str]) -> dict[str, int]:
    """Read the limits of the event sources that are enabled, in another way than the preflight."""
    switches = {"MakesThumbnails": "Thumbnails", "TakesDrops": "Drops", "TellsEvents": "Events"}
    switches |= {"DeletesJobs": "Deletions"}
    limits = dict[str, int]()
    for name, function in resources("AWS::Serverless::Function").items():
        if "Condition" in load_template()["Resources"][name]:
            continue  # off by default
        for event in function.get("Events", {}).values():
            source = event["Properties"]
            condition, on, off = source.get("Enabled", {"Fn::If": [None, True, False]})["Fn::If"]
            assert (on, off) == (True, False)
            limit = source.get("ScalingConfig", {}).get("MaximumConcurrency") or (
                # New tables on demand have four shards.
                4 if event["Type"] == "DynamoDB" else None
            )
            if limit and (condition is None or parameters[switches[condition]] == "true"):
                limits[name] = int(parameters[limit["Ref"]] if isinstance(limit, dict) else limit)
    return limits


def test_the_sum_is_the_template_s_for_every_combination() -> None:
    for parameters in combinations():
        assert event_source_concurrency(parameters) == in_the_template(parameters), parameters


def test_every_parameter_that_the_event_sources_use_may_be_saved_on() -> None:
    """Its smallest value, so that no executions are left to save."""
    by_default = sum(event_source_concurrency({}).values())
    for name in PARAMETERS:
        smallest = min(values_of(name), key=float) if "MinValue" in PARAMETERS[name] else "false"
        saves = sum(event_source_concurrency({name: smallest}).values()) < by_default
        assert saves == (name in ADJUSTABLE), name
        assert not saves or ALL_SAVINGS[name] == smallest


@pytest.mark.parametrize("limit", [8, 9, SMALL_ACCOUNT, 14, 20, 1000])
def test_what_is_suggested_leaves_enough_for_requests(limit: int) -> None:
    least = sum(event_source_concurrency(ALL_SAVINGS).values())
    for parameters in combinations():
        change = smallest_change(limit, parameters)
        if change is None:
            assert limit < least + FOR_REQUESTS
            continue
        assert limit - sum(in_the_template(parameters | change).values()) >= FOR_REQUESTS
        assert all(parameters[name] != value for name, value in change.items())
        fits = limit - sum(in_the_template(parameters).values()) >= FOR_REQUESTS
        assert fits == (change == {})


def test_a_new_account_of_ten_has_four_left() -> None:
    assert smallest_change(SMALL_ACCOUNT, {}) == ALL_SAVINGS
    left = SMALL_ACCOUNT - sum(event_source_concurrency(ALL_SAVINGS).values())
    assert left == FOR_REQUESTS == 4
    documented = " ".join(f"{name}={value}" for name, value in ALL_SAVINGS.items())
    assert documented in text_of("docs/operate.md")


def test_nothing_that_can_stay_is_given_up() -> None:
    assert smallest_change(1000, {}) == {}
    assert smallest_change(24, {}) == {"SubmitConcurrency": "2", "ArchiveConcurrency": "2"}
    assert "Drops" not in (smallest_change(20, {}) or {})
    assert "Events" not in (smallest_change(16, {}) or {})


def test_the_default_sum_is_documented() -> None:
    by_default = event_source_concurrency({})
    assert by_default == {
        "SubmitJobFunction": 5,
        "TakeDropsFunction": 2,
        "CheckJobsFunction": 2,
        "ArchiveImagesFunction": 5,
        "SummarizeDropsFunction": 2,
        "MakeThumbnailsFunction": 2,
        "DeleteJobsFunction": 2,
        "NotifyClientFunction": 2,
        "PublishEventsFunction": 4,
    }
    assert f"{sum(by_default.values())} in all by default" in text_of("docs/settings.md")
    assert set(event_source_concurrency(ALL_SAVINGS).values()) == {2}
