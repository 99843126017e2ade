"""The clients of all providers, by provider name. A new provider is a line here."""

from collections.abc import Callable, Mapping
from typing import Any

from ringback.providers.kie.client import KieClient
from ringback.use_cases.ports import ProviderClient


def provider_clients(
    *, kie_base_url: str, kie_secret: Callable[[], Mapping[str, Any]]
) -> dict[str, ProviderClient]:
    return {"kie": KieClient(kie_base_url, lambda: str(kie_secret().get("api_key", "")))}
