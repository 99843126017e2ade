"""What a function's app.py imports before the rest, and calls at its end.

While a function starts, Lambda gives it a whole processor and up to ten seconds; an event at 512 MB
has less than a third of one. https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

import gc

# Looking for garbage among modules takes a tenth of a start, and finds none.
gc.disable()

from contextlib import suppress  # noqa: E402
from importlib import import_module  # noqa: E402

# Before all that has regular expressions. Each layer has them if its build had Lambda's Python.
for _patterns in ("precompiled_patterns", "ringback.precompiled_patterns"):
    with suppress(ImportError):
        import_module(_patterns)

from collections.abc import Callable, Mapping  # noqa: E402
from typing import Any  # noqa: E402

from aws_lambda_powertools import Logger  # noqa: E402
from aws_lambda_powertools.utilities.typing import LambdaContext  # noqa: E402

from ringback.metrics import Metrics  # noqa: E402

__all__ = ["Event", "LambdaContext", "Logger", "Metrics", "start", "time_of"]

Event = dict[str, Any]


def time_of(context: LambdaContext) -> Callable[[], float]:
    """Return the clock of an invocation: the seconds until Lambda stops it."""
    return lambda: context.get_remaining_time_in_millis() / 1000


def start(environ: Mapping[str, str], *make: Callable[[], object]) -> None:
    """In Lambda, make what events need, without a call to anybody. Then collect garbage again.

    Secrets are read by events only: a start may be long before them.
    """
    if "AWS_LAMBDA_FUNCTION_NAME" in environ:
        for each in make:
            each()
        # All of this lasts as long as the process: no collection looks at it again.
        gc.freeze()
    gc.enable()
