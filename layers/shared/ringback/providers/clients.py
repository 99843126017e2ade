"""The clients of all providers, by provider name. A new provider is a line here."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from ringback.providers.chanjing.client import ChanjingClient
from ringback.providers.kie.client import KieClient
from ringback.use_cases.ports import ProviderClient, TokenStore

Secret = Callable[[], Mapping[str, Any]]


def provider_clients(
    *,
    kie_base_url: str,
    kie_secret: Secret,
    chanjing_base_url: str,
    chanjing_secret: Secret,
    chanjing_tokens: TokenStore,
    now: Callable[[], datetime],
) -> dict[str, ProviderClient]:
    return {
        "kie": KieClient(kie_base_url, lambda: str(kie_secret().get("api_key", ""))),
        "chanjing": ChanjingClient(chanjing_base_url, chanjing_secret, chanjing_tokens, now=now),
    }
