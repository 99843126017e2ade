"""Clients' API keys, and what each of them may do."""

import hmac
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from ringback.domain import canary

# In characters: the name is a part of keys in the jobs table.
MAX_NAME: Final = 100
# How the secret has a key with scopes: under its digest, ``<scopes> <when it was made> <client>``.
# Versions before scopes, which take each name for a client's and compare each text with digests,
# know no such key; an entry that is no text would stop them.
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


class Scope(StrEnum):
    READ = "jobs:read"
    WRITE = "jobs:write"
    DELETE = "jobs:delete"
    ADMIN = "admin"


# What a key of the first form may do: an entry of the secret from the client's name to the digest.
OF_FIRST_FORM: Final = frozenset({Scope.READ, Scope.WRITE})

# What a key needs, by route. The live line's is no route of API Gateway's. Getting an access token
# needs nothing: it may do what the key may.
LIVE: Final = "live"
NEEDED: Final[Mapping[str, Scope]] = {
    "GET /jobs": Scope.READ,
    "GET /jobs/{job_id}": Scope.READ,
    "GET /jobs/{job_id}/deliveries": Scope.READ,
    "GET /jobs/{job_id}/timeline": Scope.READ,
    "GET /usage": Scope.READ,
    "GET /drops": Scope.READ,
    "GET /drops/{file+}": Scope.READ,
    "GET /account": Scope.READ,
    "POST /account/receivers/{id}/resume": Scope.WRITE,
    "GET /models": Scope.READ,
    "GET /models/{model_id+}": Scope.READ,
    "POST /jobs": Scope.WRITE,
    "POST /jobs/batch": Scope.WRITE,
    "POST /jobs/retry": Scope.WRITE,
    "POST /uploads": Scope.WRITE,
    "POST /jobs/{job_id}/retry": Scope.WRITE,
    "POST /jobs/{job_id}/cancel": Scope.WRITE,
    "POST /jobs/{job_id}/archive": Scope.WRITE,
    "POST /jobs/{job_id}/notify": Scope.WRITE,
    "DELETE /jobs/{job_id}": Scope.DELETE,
    "POST /providers/{name}/resume": Scope.ADMIN,
    "$default": Scope.READ,
    "POST /api/v1/jobs/createTask": Scope.WRITE,
    "GET /api/v1/jobs/recordInfo": Scope.READ,
    "GET /api/v1/chat/credit": Scope.READ,
    "POST /open/v1/ai_creation/task/submit": Scope.WRITE,
    "GET /open/v1/ai_creation/task": Scope.READ,
    "POST /open/v1/ai_creation/task/page": Scope.READ,
    LIVE: Scope.READ,
}


# The message of the log line that says so.
KEY_USED: Final = "key used"


@dataclass(frozen=True, slots=True)
class ClientKey:
    """``digest`` is the lower-case hex SHA-256 of the key; keys are random, so no slow hash.

    ``made_at`` is ISO 8601, empty for a key of the first form.
    """

    client: str
    digest: str
    scopes: frozenset[str]
    made_at: str = ""

    @property
    def id(self) -> str:
        """Return what people call the key by."""
        return self.digest[:8]

    def is_digest(self, digest: str) -> bool:
        """Compare in constant time."""
        return hmac.compare_digest(digest.encode(), self.digest.encode("utf-8", "surrogatepass"))


def keys_in(secret: Mapping[str, Any]) -> Iterator[ClientKey]:
    """Yield the keys of both forms. An entry that is neither is nobody's.

    One that is there in both forms has its scopes in the second.
    """
    for name, text in secret.items():
        key = _key_of(name, text) if isinstance(text, str) else None
        # A client without a name could not be told from another, or stored.
        if key and is_client_name(key.client) and (name == key.digest or key.digest not in secret):
            yield key


def _key_of(name: str, text: str) -> ClientKey | None:
    match text.split(" ", 2):
        case [digest]:
            return ClientKey(name, digest, OF_FIRST_FORM)
        case [scopes, made_at, client] if _DIGEST.fullmatch(name):
            return ClientKey(client, name, frozenset(scopes.split(",")), made_at)
    return None


def entry_of(key: ClientKey) -> tuple[str, str]:
    """Return the secret's entry of a key with scopes, as ``keys_in`` reads it."""
    return key.digest, f"{','.join(sorted(key.scopes))} {key.made_at} {key.client}"


def is_client_name(name: str) -> bool:
    is_good = 1 <= len(name) <= MAX_NAME and name.isprintable() and not name.isspace()
    return is_good and name != canary.CLIENT
