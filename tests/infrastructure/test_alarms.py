"""Every alarm rings for its own trouble only, ends with it, and says where to read on."""

import re
from typing import Any, Final

import pytest
from ringback import metric_table
from ringback.metrics import Metric

from tests.e2e.alarm_rows import ROWS
from tests.support.alarms import Watched, alarms, anchor_of, own_metrics
from tests.support.repository import text_of
from tests.support.template import ROOT, load_template, resources

ALARMS: Final = alarms()
PROPERTIES: Final = {name: alarm["Properties"] for name, alarm in ALARMS.items()}
QUEUES: Final = resources("AWS::SQS::Queue")
every_alarm = pytest.mark.parametrize("name", ALARMS)


def known_metrics() -> dict[str, Metric]:
    found = [each for each in vars(metric_table).values() if isinstance(each, Metric)]
    return {metric.name: metric for metric in [*found, *metric_table.JOBS.values()]}


def named_queue(alarm: dict[str, Any]) -> str:
    (dimension,) = alarm["Dimensions"]
    queue: str = dimension["Value"]["Fn::GetAtt"][0]
    return queue


@every_alarm
def test_an_alarm_tells_the_owner_of_its_end_as_well(name: str) -> None:
    alarm = PROPERTIES[name]
    is_canary = name == "CanaryAlarm"
    assert ALARMS[name]["Condition"] == ("RingsCanaryAlarm" if is_canary else "RingsAlarms")
    assert alarm["AlarmActions"] == alarm["OKActions"] == [{"Ref": "AlarmTopic"}]


@every_alarm
def test_an_alarm_names_its_section_of_the_operate_page(name: str) -> None:
    anchor = anchor_of(name)
    assert PROPERTIES[name]["AlarmDescription"].endswith(f" See docs/operate.md#{anchor}")
    assert f'<a id="{anchor}"></a>' in text_of("docs/operate.md")


def test_every_alarm_has_its_trouble_and_remedy_on_a_local_stack() -> None:
    assert ROWS.keys() == ALARMS.keys()


def test_a_canary_that_reports_nothing_rings() -> None:
    """Two intervals hold a run at least, although a run may take two minutes."""
    alarm = PROPERTIES["CanaryAlarm"]
    assert (alarm["TreatMissingData"], alarm["Statistic"]) == ("breaching", "Maximum")
    assert alarm["Period"] == {
        "Fn::FindInMap": ["CanaryAlarm", {"Ref": "CanaryMinutes"}, "TwoIntervals"]
    }
    periods = load_template()["Mappings"]["CanaryAlarm"]
    minutes = load_template()["Parameters"]["CanaryMinutes"]["AllowedValues"]
    assert {int(each): found["TwoIntervals"] for each, found in periods.items()} == {
        each: 120 * each or 60 for each in minutes
    }


@pytest.mark.parametrize("name", sorted(ALARMS.keys() - {"CanaryAlarm"}))
def test_no_alarm_rings_on_an_idle_stack(name: str) -> None:
    """Without calls, most metrics have no data; a queue's may stop while it has messages."""
    is_level = name.endswith("DeadLettersAlarm")
    assert PROPERTIES[name]["TreatMissingData"] == ("ignore" if is_level else "notBreaching")


def test_without_an_address_there_is_nothing_that_rings() -> None:
    template = load_template()
    assert template["Parameters"]["AlarmEmail"]["Default"] == ""
    assert template["Conditions"]["RingsAlarms"] == {
        "Fn::Not": [{"Fn::Equals": [{"Ref": "AlarmEmail"}, ""]}]
    }
    for kind in ("AWS::SNS::Topic", "AWS::SNS::Subscription"):
        for name in resources(kind):
            assert template["Resources"][name]["Condition"] == "RingsAlarms"


def test_every_dead_letter_queue_has_an_alarm() -> None:
    watched = {
        named_queue(alarm)
        for alarm in PROPERTIES.values()
        if alarm.get("MetricName") == "ApproximateNumberOfMessagesVisible"
    }
    assert watched == {name for name in QUEUES if name.endswith("DeadLetters")}


def test_the_queues_of_paid_jobs_and_of_clients_have_an_alarm_for_their_age() -> None:
    watched = {
        named_queue(alarm)
        for alarm in PROPERTIES.values()
        if alarm.get("MetricName") == "ApproximateAgeOfOldestMessage"
    }
    assert watched == {"SubmitQueue", "ArchiveQueue", "NotifyQueue"}


@pytest.mark.parametrize("name", own_metrics())
def test_an_alarm_watches_metrics_that_are_written(name: str) -> None:
    known = known_metrics()
    for metric, dimensions in own_metrics()[name]:
        assert {each for each, _ in dimensions} == set(known[metric].dimensions)


def test_a_metric_that_nobody_writes_is_found_missing() -> None:
    assert Watched("CallbacksForged", ()).name not in known_metrics()


def test_no_two_metrics_have_one_name() -> None:
    source = (ROOT / "layers/shared/ringback/metric_table.py").read_text()
    names = re.findall(r'Metric\("(\w+)"', source)
    assert len(names) == len(set(names))
