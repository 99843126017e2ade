"""docs/deploy.md tells what a stack costs that does nothing: as many queues, secrets and alarms."""

from local.template import load_template
from tests.support.alarms import alarms
from tests.support.repository import text_of
from tests.support.template import resources

# USD a month, in eu-west-1. SQS: per million requests, the first of an account free.
SECRET, ALARM_METRIC, MILLION = 0.40, 0.10, 0.40
# With a limit of concurrency, five pollers ask each queue, three times a minute.
MILLIONS_OF_A_QUEUE = 5 * 3 * 60 * 24 * 30 / 1e6
NUMBERS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
PAGE = text_of("docs/deploy.md")


def by_default(kind: str) -> list[str]:
    declared = load_template()["Resources"]
    return [name for name in resources(kind) if "Condition" not in declared[name]]


def switches() -> list[str | None]:
    """Return for each queue that is polled the condition under which it is."""
    functions = resources("AWS::Serverless::Function")
    return [
        event["Properties"].get("Enabled", {"Fn::If": [None]})["Fn::If"][0]
        for name in by_default("AWS::Serverless::Function")
        for event in functions[name].get("Events", {}).values()
        if event["Type"] == "SQS"
    ]


def polling(queues: int) -> float:
    return (queues * MILLIONS_OF_A_QUEUE - 1) * MILLION


def idle(*switched_off: str) -> str:
    queues = [each for each in switches() if each not in switched_off]
    secrets = len(by_default("AWS::SecretsManager::Secret"))
    return f"{secrets * SECRET + polling(len(queues)):.2f}"


def test_secrets_and_polling_are_summed_up() -> None:
    queues, secrets = len(switches()), len(by_default("AWS::SecretsManager::Secret"))
    assert f"| {NUMBERS[secrets]} secrets, 0.40 each | {secrets * SECRET:.2f} |" in PAGE
    assert f"polling {NUMBERS[queues]} queues" in PAGE
    assert f"is free) | {polling(queues):.2f} |" in PAGE
    assert f"a stack that does nothing costs {idle()} USD a month" in PAGE
    assert f"costs [{idle()} USD a month](deploy.md#cost)" in text_of("docs/operate.md")


def test_what_is_switched_off_is_not_polled() -> None:
    one = {idle(each) for each in ("MakesThumbnails", "DeletesJobs", "TellsEvents")}
    assert len(one) == 1
    [cost] = one
    assert "deletions](operate.md#without-thumbnails-deletions-drops-or-events)" in PAGE
    without_all = idle("MakesThumbnails", "DeletesJobs", "TellsEvents", "TakesDrops")
    told = f"{cost} USD, without drops {idle('TakesDrops')}, and without all four {without_all};"
    assert told in " ".join(PAGE.split())


def test_each_metric_that_an_alarm_watches_is_billed() -> None:
    watched = [
        sum("MetricStat" in each for each in alarm["Properties"].get("Metrics", ())) or 1
        for alarm in alarms().values()
        if alarm["Condition"] == "RingsAlarms"
    ]
    told = f"{sum(watched) * ALARM_METRIC:.2f} more: {len(watched)} alarms watch {sum(watched)}"
    assert told in PAGE


def test_failed_messages_are_a_metric_of_each_function_with_a_queue_or_stream() -> None:
    functions = len(switches()) + 1
    of_all = 6 + 3 + 3 + 5 + 2 + functions
    assert f"failed messages by function {functions}" in " ".join(PAGE.split())
    assert f"at most {of_all} can have any ({of_all * 0.30:.2f})" in PAGE
