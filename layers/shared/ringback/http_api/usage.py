"""Replies that tell of usage."""

from collections.abc import Mapping
from dataclasses import asdict
from http import HTTPStatus
from typing import Any

from ringback.http_api.replies import Reply, reply
from ringback.http_api.requests import key_scopes, query_parameters
from ringback.use_cases.sum_usage import SumUsage
from ringback.use_cases.usage_queries import read_usage_query


def usage_reply(sum_usage: SumUsage, event: Mapping[str, Any], client: str) -> Reply:
    """Answer ``GET /usage``. Raises what ``read_usage_query`` does."""
    scopes = key_scopes(event)
    query = read_usage_query(query_parameters(event), client=client, scopes=scopes)
    page = sum_usage(query)
    body = {
        "from": query.since.isoformat(),
        "to": query.until.isoformat() if query.until else None,
        "by": query.by,
        "usage": [
            {query.by: group, **asdict(used), "credits": float(used.credits)}
            for group, used in sorted(page.usage.items())
        ],
        "cursor": query.cursors.after(page.end) if page.end else None,
    }
    return reply(HTTPStatus.OK, body)
