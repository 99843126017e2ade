"""The dashboard shows metrics that exist, fits its grid, and is the one in the picture."""

import itertools
import json
import re
from typing import Any, Final

import pytest

from local.dashboard import COLUMNS, drawn, widgets
from tests.infrastructure.test_alarms import known_metrics
from tests.infrastructure.test_template import with_canary
from tests.support.alarms import alarms
from tests.support.repository import text_of
from tests.support.template import load_template, resources

WIDGETS: Final = widgets()
NAMESPACE: Final = "Ringback/AWS::StackName"
# One screen of a notebook, in units of the grid.
SCREEN: Final = 12


def metrics_of(widget: dict[str, Any]) -> list[list[Any]]:
    lines = widget["properties"].get("metrics", [])
    return [line for line in lines if not isinstance(line[0], dict)]


METRICS: Final = [metric for widget in WIDGETS for metric in metrics_of(widget)]


def test_the_picture_is_that_of_the_template() -> None:
    """``make dashboard`` writes it."""
    assert text_of("docs/dashboard.svg") == drawn()


def test_the_body_is_json_without_alarms_too() -> None:
    body = load_template()["Resources"]["OperatorDashboard"]["Properties"]["DashboardBody"]
    text, values = body["Fn::Sub"]
    assert values["Alarms"]["Fn::If"][2] == ""
    without = json.loads(text.replace("${Alarms}", ""))["widgets"]
    assert len(without) == len(WIDGETS) - 1


def test_all_alarms_are_shown() -> None:
    (widget,) = [each for each in WIDGETS if each["type"] == "alarm"]
    assert {name.removesuffix(".Arn") for name in widget["properties"]["alarms"]} == set(alarms())


def test_the_first_screen_answers_whether_it_is_well() -> None:
    titles = {
        each["y"]: each["properties"]["markdown"] for each in WIDGETS if each["type"] == "text"
    }
    assert titles == {0: "## Is it well?", SCREEN: "## Since when not, and where?"}
    first = [each for each in WIDGETS if each["y"] < SCREEN and each["type"] == "metric"]
    assert {each["properties"]["view"] for each in first} == {"singleValue"}


def test_no_two_widgets_overlap() -> None:
    for one, other in itertools.combinations(WIDGETS, 2):
        beside = one["x"] + one["width"] <= other["x"] or other["x"] + other["width"] <= one["x"]
        below = one["y"] + one["height"] <= other["y"] or other["y"] + other["height"] <= one["y"]
        assert beside or below, (one, other)
    assert max(each["x"] + each["width"] for each in WIDGETS) == COLUMNS


@pytest.mark.parametrize("metric", [each for each in METRICS if each[0] == NAMESPACE], ids=str)
def test_it_shows_metrics_that_are_written(metric: list[Any]) -> None:
    known = known_metrics()[metric[1]]
    dimensions = [part for part in metric[2:] if isinstance(part, str)]
    assert tuple(dimensions[::2]) == known.dimensions


def test_every_metric_of_ours_is_shown() -> None:
    shown = {each[1] for each in METRICS if each[0] == NAMESPACE}
    shown |= set(re.findall(r'MetricName=\\?"(\w+)', json.dumps(WIDGETS)))
    assert known_metrics().keys() <= shown


def test_searches_find_what_they_look_for() -> None:
    """A name in quotes has to be the whole one; one of our own namespaces needs them.

    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
    """
    searches = [
        line[0]["expression"]
        for widget in WIDGETS
        for line in widget["properties"].get("metrics", [])
        if isinstance(line[0], dict) and line[0]["expression"].startswith("SEARCH")
    ]
    assert len(searches) == 3
    for search in searches:
        found = re.match(r"SEARCH\('\{(.+),\w+\} (.+)', 'Sum', 300\)", search)
        assert found, search
        assert re.fullmatch(r'AWS/\w+|".+"', found[1]), search
        assert re.findall(r'(\w+)="', found[2]) == ["MetricName"], search


def test_every_queue_is_shown() -> None:
    queues = {each[3].removesuffix(".QueueName") for each in METRICS if each[0] == "AWS/SQS"}
    # The canary's exist only where it is on, and its alarm and metric say all about them.
    assert queues == {name for name in resources("AWS::SQS::Queue") if "Canary" not in name}


def test_queries_read_the_logs_of_all_functions() -> None:
    queries = resources("AWS::Logs::QueryDefinition")
    given = [with_canary(group) for group in queries["JobQuery"]["LogGroupNames"]]
    groups = {group["Ref"] for group in given}
    names = {name.removesuffix("Function") for name in resources("AWS::Serverless::Function")}
    assert groups == {f"{name}Logs" for name in names}
