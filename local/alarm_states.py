"""The states of template.yaml's alarms, as CloudWatch evaluates them.

The local AWS looks neither at periods nor at dimensions, nor at what is missing, and knows no
metric math. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation.html
"""

import ast
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

OK, ALARM, UNKNOWN = "OK", "ALARM", "INSUFFICIENT_DATA"
_STATISTICS: Final[Mapping[str, Callable[[Sequence[float]], float]]] = {
    "Sum": sum,
    "Maximum": max,
    "Minimum": min,
    "SampleCount": len,
}
_COMPARISONS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
}
_OPERATORS: Final[Mapping[type, Callable[[float, float], float]]] = {
    ast.Add: operator.add,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.GtE: operator.ge,
}


@dataclass(frozen=True, slots=True)
class Point:
    """One value of a metric. ``at`` is in seconds; dimensions name resources by logical id."""

    at: float
    name: str
    value: float
    dimensions: tuple[str, ...] = ()


def state_of(
    alarm: Mapping[str, Any], points: Iterable[Point], *, at: float, before: str = UNKNOWN
) -> str:
    """Return the state of an alarm whose last period ends ``at``; ``before`` is the one so far.

    ``alarm`` has the properties with the values of parameters in place of ``Ref``.
    """
    known, number = list(points), alarm["EvaluationPeriods"]
    found = [_value(alarm, known, at - index * _period(alarm)) for index in range(number)]
    present = [value for value in found if value is not None]
    if not present and alarm["TreatMissingData"] == "ignore":
        return before
    breaches = _COMPARISONS[alarm["ComparisonOperator"]]
    count = sum(breaches(value, float(alarm["Threshold"])) for value in present)
    if alarm["TreatMissingData"] == "breaching":
        count += number - len(present)
    return ALARM if count >= alarm.get("DatapointsToAlarm", number) else OK


def names_of(alarm: Mapping[str, Any]) -> set[str]:
    """Return the metrics that an alarm watches."""
    stats = [each["MetricStat"] for each in alarm.get("Metrics", ()) if "MetricStat" in each]
    return {each["Metric"]["MetricName"] for each in stats} or {alarm["MetricName"]}


def _period(alarm: Mapping[str, Any]) -> float:
    stats = [each["MetricStat"] for each in alarm.get("Metrics", ()) if "MetricStat" in each]
    return float(stats[0]["Period"] if stats else alarm["Period"])


def _value(alarm: Mapping[str, Any], points: Sequence[Point], until: float) -> float | None:
    since = until - _period(alarm)
    recent = [point for point in points if since <= point.at < until]
    if "Metrics" not in alarm:
        return _statistic(alarm, alarm["Statistic"], recent)
    names, expression = dict[str, float | None](), ""
    for each in alarm["Metrics"]:
        if "Expression" in each:
            expression = each["Expression"]
        else:
            stat = each["MetricStat"]
            names[each["Id"]] = _statistic(stat["Metric"], stat["Stat"], recent)
    return _evaluate(ast.parse(expression, mode="eval").body, names)


def _statistic(metric: Mapping[str, Any], name: str, points: Sequence[Point]) -> float | None:
    wanted = tuple(_logical(each["Value"]) for each in metric.get("Dimensions", ()))
    values = [
        point.value
        for point in points
        if (point.name, point.dimensions) == (metric["MetricName"], wanted)
    ]
    return _STATISTICS[name](values) if values else None


def _logical(value: Any) -> str:
    """Return a plain value, or the logical id that ``Ref`` or ``Fn::GetAtt`` names."""
    if isinstance(value, str):
        return value
    ((_, named),) = value.items()
    return str(named[0] if isinstance(named, list) else named)


def _evaluate(node: ast.expr, names: Mapping[str, float | None]) -> float | None:
    """Compute what the template has of metric math; ``None`` is no data.

    "Missing values in a time series are treated as 0", where another series has one; what is
    divided by 0 is dropped, and so is what depends on a condition without data.
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
    """
    match node:
        case ast.Constant(value=int() | float() as number):
            return number
        case ast.Name(id=name):
            return names[name]
        case ast.Call(func=ast.Name(id="IF"), args=[condition, then, otherwise]):
            holds = _evaluate(condition, names)
            return None if holds is None else _evaluate(then if holds else otherwise, names)
        case ast.BinOp(left, operation, right) | ast.Compare(left, [operation], [right]):
            sides = [_evaluate(left, names), _evaluate(right, names)]
            has_data = any(
                value is not None and not isinstance(side, ast.Constant)
                for side, value in zip((left, right), sides, strict=True)
            )
            one, other = (value or 0 for value in sides)
            is_dropped = not has_data or (isinstance(operation, ast.Div) and not other)
            return None if is_dropped else _OPERATORS[type(operation)](one, other)
    raise ValueError(f"nothing that the template uses: {ast.unparse(node)}")
