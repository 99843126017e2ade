"""Tells clients how many more jobs they may post, on every answer to a post but refusals."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

from ringback.http_api.replies import Reply, limit_headers
from ringback.http_api.requests import client_name
from ringback.use_cases.limit_jobs import LimitJobs

More = TypeVar("More")
Answer = Callable[[Mapping[str, Any], More], Reply]


def telling(
    limit: LimitJobs | None, routes: Mapping[str, Answer[More]]
) -> Mapping[str, Answer[More]]:
    """Return the routes with the headers on their answers; without a limit, the routes alone."""
    if limit is None:
        return routes

    def told(answer_to: Answer[More], event: Mapping[str, Any], more: More) -> Reply:
        answer = answer_to(event, more)
        headers = limit_headers(limit.allowance_of(client_name(event)))
        return answer | {"headers": answer["headers"] | headers}

    return {route: partial(told, answer_to) for route, answer_to in routes.items()}
