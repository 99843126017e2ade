"""User-Agents that the provider's edge refuses."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from local.simulator.http_messages import Reply, text_reply

REFUSED_AGENTS: Final = ("python-httpx", "python-requests", "python-urllib", "go-http-client")
REFUSED: Final[Reply] = text_reply("error code: 1010", HTTPStatus.FORBIDDEN)


def is_refused(headers: Mapping[str, str]) -> bool:
    agent = headers.get("user-agent", "").strip().lower()
    return not agent or agent.startswith(REFUSED_AGENTS)
