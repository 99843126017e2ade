"""Whether messages are read, and none was given up."""

from collections.abc import Iterator, Mapping

from local.chosen_stack import Stack
from local.concurrency import event_source_concurrency
from local.health.findings import Finding
from local.untold_records import untold_records

COUNTS = ("ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible")


def dead_letters(stack: Stack) -> Iterator[Finding]:
    counts = _counts(stack)
    found = [f"{sum(count)} in {name}" for name, count in counts.items() if _is_dead(name, count)]
    if found:
        yield Finding.fail(", ".join(found))
    else:
        yield Finding.ok("none")
    untold = untold_records(stack)
    yield Finding.ok(untold) if untold.endswith("none") else Finding.warn(untold)


def waiting_messages(stack: Stack) -> Iterator[Finding]:
    """Look at messages that are due; those with a delay are not counted."""
    waiting = {
        name: due
        for name, (due, _) in _counts(stack).items()
        if due and not name.endswith("DeadLetters")
    }
    if waiting:
        listed = ", ".join(f"{due} in {name}" for name, due in waiting.items())
        yield Finding.warn(f"due, and not read yet: {listed}; look again in a minute")
    else:
        yield Finding.ok("none is due")


def event_sources(stack: Stack) -> Iterator[Finding]:
    functions = stack.client("lambda")
    read = event_source_concurrency(stack.parameters)
    off = []
    for name, uuid in stack.resources_of("AWS::Lambda::EventSourceMapping"):
        source = functions.get_event_source_mapping(UUID=uuid)
        is_wanted = any(name.startswith(function) for function in read)
        if source["State"].startswith("Disabl"):
            if is_wanted:
                yield Finding.fail(f"{name} is disabled: its messages wait")
            off.append(name)
        elif str(source.get("LastProcessingResult", "")).startswith("PROBLEM"):
            yield Finding.fail(f"{name}: {source['LastProcessingResult']}")
    off_by_parameter = [name for name in off if not any(map(name.startswith, read))]
    if off_by_parameter:
        section = "without-thumbnails-deletions-drops-or-events"
        yield Finding.warn(f"off by a parameter: {', '.join(off_by_parameter)}", section)
    yield Finding.ok(f"{len(read)} are to be read")


def _is_dead(name: str, count: tuple[int, int]) -> bool:
    return name.endswith("DeadLetters") and sum(count) > 0


def _counts(stack: Stack) -> Mapping[str, tuple[int, int]]:
    """Return how many messages each queue has that are due, and that somebody is reading."""
    sqs, counts = stack.client("sqs"), {}
    for name, url in stack.resources_of("AWS::SQS::Queue"):
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[*COUNTS])["Attributes"]
        due, being_read = (int(found[each]) for each in COUNTS)
        counts[name] = due, being_read
    return counts
