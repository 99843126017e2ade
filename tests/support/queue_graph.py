"""Which functions feed themselves through queues, computed from the template.

Works on ``template.yaml`` and on the template that SAM makes of it. A function sends to a queue if
its permissions allow it, if a setting names the queue, or if it may write objects whose
notifications go there. Lambda counts all of these:
https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
"""

import re
from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, Final

Resources = Mapping[str, Mapping[str, Any]]

FUNCTIONS: Final = ("AWS::Serverless::Function", "AWS::Lambda::Function")
# The other kinds of trigger don't belong to a chain that Lambda counts. For the stream's listener
# tests/infrastructure/test_stream.py shows that it doesn't feed itself.
UNCOUNTED: Final = ("HttpApi", "DynamoDB", "Schedule")


def in_a_loop(resources: Resources) -> set[str]:
    """Return the functions that one message can invoke again and again."""
    feeds = {name: _feeds(resources, name) for name in _functions(resources)}

    def reached_from(name: str) -> set[str]:
        found, waiting = set[str](), [name]
        while waiting:
            new = feeds[waiting.pop()] - found
            found |= new
            waiting += new
        return found

    return {name for name in feeds if name in reached_from(name)}


def may_recur(resources: Resources) -> set[str]:
    """Return the functions that Lambda's loop detection does not stop."""
    functions = _functions(resources)
    return {name for name, each in functions.items() if each.get("RecursiveLoop") == "Allow"}


def _functions(resources: Resources) -> dict[str, Mapping[str, Any]]:
    found = (item for item in resources.items() if item[1]["Type"] in FUNCTIONS)
    return {name: resource["Properties"] for name, resource in found}


def _feeds(resources: Resources, name: str) -> set[str]:
    queues = _sends_to(resources, name)
    listeners = {other: _listens_to(resources, other) for other in _functions(resources)}
    return {other for other, heard in listeners.items() if heard & queues}


def _listens_to(resources: Resources, name: str) -> set[str]:
    queues = set[str]()
    for event in resources[name]["Properties"].get("Events", {}).values():
        if event["Type"] == "SQS":
            queues |= _named(event["Properties"]["Queue"])
        elif event["Type"] not in UNCOUNTED:
            raise ValueError(f"{name}: does Lambda count hops through {event['Type']}?")
    for resource in _all(resources, "AWS::Lambda::EventSourceMapping"):
        if name in _named(resource["FunctionName"]):
            queues |= _named(resource["EventSourceArn"])
    return queues


def _sends_to(resources: Resources, name: str) -> set[str]:
    all_queues = {key for key, each in resources.items() if each["Type"] == "AWS::SQS::Queue"}
    settings = resources[name]["Properties"].get("Environment", {}).get("Variables", {})
    queues = set[str]().union(*map(_named, settings.values())) & all_queues
    for statement in _statements(resources, name):
        places = _as_list(statement["Resource"])
        if _allows(statement, "sqs:SendMessage"):
            named = set[str]().union(*map(_named, places))
            queues |= all_queues if "*" in places else named & all_queues
        if _allows(statement, "s3:PutObject"):
            queues |= {queue for place in places for queue in _notified_by(resources, place)}
        if _allows(statement, "lambda:InvokeFunction") or _allows(statement, "sns:Publish"):
            raise ValueError(f"{name}: this chain is not followed yet: {statement}")
    return queues


def _statements(resources: Resources, name: str) -> Iterator[Mapping[str, Any]]:
    """Yield what a function's inline policies, or its role's, allow."""
    properties = resources[name]["Properties"]
    policies = list(_as_list(properties.get("Policies", [])))
    for role in _named(properties.get("Role")):
        given = resources[role]["Properties"].get("Policies", [])
        policies += [policy["PolicyDocument"] for policy in given]
    for kind in ("AWS::IAM::Policy", "AWS::IAM::RolePolicy", "AWS::IAM::ManagedPolicy"):
        for policy in _all(resources, kind):
            roles = set[str]().union(*map(_named, _as_list(policy.get("Roles", []))))
            if _named(properties.get("Role")) & (roles | _named(policy.get("RoleName"))):
                policies.append(policy["PolicyDocument"])
    for policy in policies:
        if isinstance(policy, Mapping) and "Statement" in policy:
            yield from (each for each in policy["Statement"] if each["Effect"] == "Allow")


def _allows(statement: Mapping[str, Any], action: str) -> bool:
    given = map(str.lower, _as_list(statement["Action"]))
    return any(fnmatchcase(action.lower(), pattern) for pattern in given)


def _notified_by(resources: Resources, place: Any) -> Iterator[str]:
    """Yield the queues that hear of an object written to this place."""
    buckets = {key for key, each in resources.items() if each["Type"] == "AWS::S3::Bucket"}
    for bucket in buckets if place == "*" else _named(place) & buckets:
        properties = resources[bucket]["Properties"]
        configured = _at_most(properties.get("NotificationConfiguration", {}))
        for rule in configured.get("QueueConfigurations", []):
            filters = rule.get("Filter", {}).get("S3Key", {}).get("Rules", [])
            prefixes = [each["Value"] for each in filters if each["Name"].lower() == "prefix"]
            written = _key_pattern(place).partition("*")[0]
            heard = prefixes[0] if prefixes else ""
            if written.startswith(heard) or heard.startswith(written):
                yield from _named(rule["Queue"])


def _at_most(value: Any) -> Any:
    """Return what a property is while the condition holds that it depends on."""
    return value["Fn::If"][1] if "Fn::If" in value else value


def _key_pattern(place: Any) -> str:
    """Return the part of an S3 resource after its bucket; ``*`` if it is not written out."""
    text = place.get("Fn::Sub", "*") if isinstance(place, Mapping) else place
    return str(text).partition("/")[2] or "*"


def _named(value: Any) -> set[str]:
    """Return the logical ids that a part of the template refers to."""
    if isinstance(value, list):
        return set[str]().union(*map(_named, value))
    if not isinstance(value, Mapping):
        return set()
    found = set[str]()
    for key, each in value.items():
        if key == "Ref":
            found.add(each)
        elif key == "Fn::GetAtt":
            found.add(each[0] if isinstance(each, list) else each.partition(".")[0])
        elif key == "Fn::Sub":
            found |= set(re.findall(r"\$\{(\w+)", str(each)))
        else:
            found |= _named(each)
    return found


def _all(resources: Resources, kind: str) -> Iterator[Mapping[str, Any]]:
    return (each["Properties"] for each in resources.values() if each["Type"] == kind)


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
