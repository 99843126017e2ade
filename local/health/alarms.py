"""Whether somebody hears of trouble, and what rings now."""

import re
from collections.abc import Iterator

from local.chosen_stack import Stack
from local.health.findings import Finding

_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")


def alarms(stack: Stack) -> Iterator[Finding]:
    if not stack.parameters.get("AlarmEmail"):
        yield Finding.warn("off: nobody is told of trouble; set AlarmEmail")
        return
    topic = dict(stack.resources_of("AWS::SNS::Topic"))["AlarmTopic"]
    subscriptions = stack.client("sns").list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    confirmed = [each for each in subscriptions if each["SubscriptionArn"].startswith("arn:")]
    if not confirmed:
        yield Finding.fail("the mail address has not confirmed its subscription: nobody is told")
    named = dict(stack.resources_of("AWS::CloudWatch::Alarm"))
    ringing = silenced = 0
    for name, state in _states(stack, [*named.values()]).items():
        logical = next(each for each in named if named[each] == name)
        if state == "ALARM":
            ringing += 1
            yield Finding.fail(f"{logical} rings", section_of(logical))
        silenced += state == "silenced"
    if silenced:
        yield Finding.warn(f"{silenced} alarms have their actions disabled")
    if confirmed and not ringing:
        yield Finding.ok(f"{len(named)} alarms are armed, none rings")


def section_of(alarm: str) -> str:
    """Return the anchor of the alarm's section in docs/operate.md, by its name in the template."""
    return f"alarm-{_CAPITAL.sub('-', alarm.removesuffix('Alarm')).lower()}"


def _states(stack: Stack, names: list[str]) -> dict[str, str]:
    watch = stack.client("cloudwatch")
    found = [
        alarm
        for start in range(0, len(names), 100)
        for alarm in watch.describe_alarms(AlarmNames=names[start : start + 100])["MetricAlarms"]
    ]
    return {
        alarm["AlarmName"]: alarm["StateValue"] if alarm["ActionsEnabled"] else "silenced"
        for alarm in found
    }
