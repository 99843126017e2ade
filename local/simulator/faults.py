"""The faults that the simulator knows, and the directives in a prompt that request them."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, TypeAlias

ALWAYS: Final = math.inf

FaultValues: TypeAlias = Mapping[str, float]
"""Values by fault name; ``ALWAYS`` where there is no limit."""


class Stage(Enum):
    REFUSAL = "no task is created"
    TASK = "a task is created"


@dataclass(frozen=True, slots=True)
class Fault:
    name: str
    stage: Stage
    description: str
    value_name: str = ""
    """Empty for a fault without a value."""
    default: float = ALWAYS


class InvalidFault(Exception):
    """A fault that does not exist was requested, or a value that is invalid for it."""


_TABLE: Final = (
    Fault("status_429", Stage.REFUSAL, "createTask answers 429, over the limit", "attempts", 1),
    Fault("status_455", Stage.REFUSAL, "createTask answers 455, maintenance", "attempts", 1),
    Fault("error_500_before", Stage.REFUSAL, "500, and no task was created", "attempts", 1),
    Fault("cut_before", Stage.REFUSAL, "connection cut, no task was created", "attempts", 1),
    Fault(
        "token_killed",
        Stage.REFUSAL,
        "another client fetched a token",
        "times",
        1,
    ),
    Fault("content_policy", Stage.REFUSAL, "createTask answers 400, content policy"),
    Fault("no_credits", Stage.REFUSAL, "code 402 in an HTTP 200, whatever the balance"),
    Fault("key_capped", Stage.REFUSAL, "code 433: the key's own cap is reached"),
    Fault("key_refused", Stage.REFUSAL, "401, or no access token: the key is refused"),
    Fault("slow_create", Stage.TASK, "the answer to createTask is late", "seconds", 20),
    Fault("error_500_after", Stage.TASK, "500, but the task was created and charged"),
    Fault("cut_after", Stage.TASK, "connection cut after the task was created and charged"),
    Fault("unreadable_after", Stage.TASK, "the task was created; the answer is an HTML page"),
    Fault("fail", Stage.TASK, "the generation fails", "failCode", 500),
    Fault("no_callback", Stage.TASK, "the task ends without a callback"),
    Fault("late_callback", Stage.TASK, "the callback is sent long after the end", "seconds", 30),
    Fault("early_callback", Stage.TASK, "the callback arrives before createTask answers"),
    Fault("double_callback", Stage.TASK, "the same callback is sent twice"),
    Fault("wrong_signature", Stage.TASK, "the callback is signed with another key"),
    Fault("unsigned", Stage.TASK, "the callback has no signature"),
    Fault("stale_signature", Stage.TASK, "the callback was signed six minutes ago"),
    Fault("callback_envelope", Stage.TASK, "an undocumented callback, the whole envelope"),
    Fault("callback_bare", Stage.TASK, "an undocumented callback, the task only"),
    Fault("record_null", Stage.TASK, "recordInfo answers 422 `recordInfo is null`", "seconds", 5),
    Fault("record_404", Stage.TASK, "recordInfo answers 404", "seconds", 5),
    Fault("fewer_images", Stage.TASK, "one image fewer than requested (none, if it was one)"),
    Fault("more_images", Stage.TASK, "one image more than requested"),
    Fault("dead_link", Stage.TASK, "the first link of each image answers 404", "links", 1),
    Fault("gone", Stage.TASK, "every link of every image answers 404, also fresh ones"),
    Fault("truncated_image", Stage.TASK, "the download is cut off half way", "downloads", 1),
    Fault(
        "truncated_bytes",
        Stage.TASK,
        "half of the image, with a matching Content-Length",
        "downloads",
    ),
    Fault("not_an_image", Stage.TASK, "an HTML page with the content type image/png", "downloads"),
    Fault(
        "redirect_inside", Stage.TASK, "the link redirects to http://169.254.169.254/", "downloads"
    ),
    Fault("as_png", Stage.TASK, "not a fault: all images are PNG"),
    Fault("as_jpeg", Stage.TASK, "not a fault: all images are JPEG"),
    Fault("as_webp", Stage.TASK, "not a fault: all images are WebP"),
)

FAULTS: Final[Mapping[str, Fault]] = {fault.name: fault for fault in _TABLE}

_DIRECTIVE: Final = re.compile(r"\[simulate:([^\]]*)\]", re.IGNORECASE)


def fault_named(name: str) -> Fault:
    if name not in FAULTS:
        raise InvalidFault(f"unknown fault {name!r}; known: {', '.join(FAULTS)}")
    return FAULTS[name]


def value_for(fault: Fault, value: Any) -> float:
    """Return the number to use; ``None`` means the fault's own default."""
    if value is None:
        return fault.default
    if not fault.value_name:
        raise InvalidFault(f"fault {fault.name!r} has no value")
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise InvalidFault(f"fault {fault.name!r}: {value!r} is not a number") from error
    if isinstance(value, bool) or not math.isfinite(number) or number < 0:
        raise InvalidFault(f"fault {fault.name!r}: {value!r} is not a number of at least 0")
    return number


def faults_in(prompt: str) -> FaultValues:
    """Read every ``[simulate: fault, fault=value]`` in a prompt.

    Raises ``InvalidFault``: a misspelt directive must not look like a test that passed.
    """
    faults: dict[str, float] = {}
    for directive in _DIRECTIVE.findall(prompt):
        for item in filter(None, (part.strip() for part in directive.split(","))):
            name, equals, value = (part.strip() for part in item.partition("="))
            fault = fault_named(name.lower())
            faults[fault.name] = value_for(fault, value if equals else None)
    return faults


def shown(values: FaultValues) -> dict[str, float | None]:
    """Return the values for JSON, with ``None`` for ``ALWAYS``."""
    return {name: None if math.isinf(value) else value for name, value in values.items()}


def fault_lines() -> list[str]:
    """Return one line per fault, for the command line."""
    width = max(map(len, FAULTS))
    return [f"{fault.name:<{width}}  {fault.description}{_value_note(fault)}" for fault in _TABLE]


def _value_note(fault: Fault) -> str:
    if not fault.value_name:
        return ""
    default = "all" if math.isinf(fault.default) else f"{fault.default:g}"
    return f" [={fault.value_name}, default {default}]"
