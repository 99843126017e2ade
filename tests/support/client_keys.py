"""Keys of clients, as tests need them."""

from collections.abc import Mapping
from typing import Any, Final

from ringback.domain.client_keys import OF_FIRST_FORM, ClientKey, Scope, entry_of
from ringback.use_cases.authorize_client import key_in

EVERYTHING: Final = frozenset(Scope)


def client_of(authorization: str, secret: Mapping[str, Any]) -> str | None:
    key = key_in(authorization, secret)
    return key.client if key else None


def a_key(client: str, digest: str, scopes: frozenset[str] = OF_FIRST_FORM) -> ClientKey:
    return ClientKey(client, digest, scopes)


def scoped(client: str, digest: str, *scopes: str) -> dict[str, Any]:
    """Return the secret with one key of the second form."""
    return dict([entry_of(ClientKey(client, digest, frozenset(scopes), "2026-11-27"))])
