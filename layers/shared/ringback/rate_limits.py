"""Tells clients how many more jobs they may post, on every answer to a post but refusals."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeVar

from ringback.http_replies import Reply, limit_headers
from ringback.lambda_events import Event, client_name
from ringback.use_cases.limit_jobs import LimitJobs

More = TypeVar("More")
Answer = Callable[[Event, More], Reply]


def telling(
    limit: LimitJobs | None, routes: Mapping[str, Answer[More]]
) -> Mapping[str, Answer[More]]:
    """Return the routes with the headers on their answers; without a limit, the routes alone."""
    if limit is None:
        return routes

    def told(answer_to: Answer[More], event: Event, more: More) -> Reply:
        answer = answer_to(event, more)
        headers = limit_headers(limit.allowance_of(client_name(event)))
        return answer | {"headers": answer["headers"] | headers}

    return {route: partial(told, answer_to) for route, answer_to in routes.items()}
