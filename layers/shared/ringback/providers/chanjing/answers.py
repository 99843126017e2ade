"""What Chanjing's answers prove."""

from collections.abc import Mapping
from typing import Any, Final

import httpx

from ringback.domain.accounts import PauseReason
from ringback.domain.tokens import AccessToken
from ringback.domain.verdicts import OutcomeUnknown, Submission, TaskCreated, TaskRefused
from ringback.providers.api_calls import (
    HEADER_WORD,
    UNREACHABLE_RETRY,
    contradicts_itself,
    read_envelope,
    read_object,
)
from ringback.providers.chanjing.tasks import read_moment, task_ids
from ringback.providers.credit_words import says_no_credits
from ringback.providers.task_ids import id_text, only_id

TOKEN_REFUSED: Final = 10400
# Its own code and that of HTTP, from a gateway before it: nothing was created.
TOO_FAST: Final = frozenset({40001, 429})
# Codes that refuse the account, not the job. They are those of HTTP: of its own ones it documents
# none for credentials or an empty balance.
ACCOUNT: Final[Mapping[int, PauseReason]] = {
    401: PauseReason.KEY_REFUSED,
    402: PauseReason.NO_CREDITS,
    403: PauseReason.KEY_REFUSED,
}
# Codes of permanent refusals, the API's own and those of HTTP. A code that is in no table proves
# nothing: 50000 in particular can come after the task was created.
REFUSED: Final = frozenset({400, 40000, 404, 405, 413, 415, 422})
NOTHING_CREATED: Final = REFUSED | ACCOUNT.keys() | TOO_FAST | {TOKEN_REFUSED}
# Codes of the token endpoint that refuse the credentials.
CREDENTIALS_REFUSED: Final = REFUSED | ACCOUNT.keys()
# The limit is a rate per second, its number undocumented.
TOO_FAST_RETRY: Final = 10


def read_submission(response: httpx.Response) -> Submission:
    """Return what an answer to task/submit proves. The body's code outranks the HTTP status.

    An answer that contradicts itself proves nothing; the id that it names is kept.
    """
    envelope = read_object(response) or {}
    code: int = envelope.get("code", response.status_code if response.is_client_error else -1)
    named = created_ids(envelope)
    # A malformed id proves as little as none: the callback may name the right one.
    task_id = only_id(named)
    if response.is_success and code == 0 and task_id:
        return TaskCreated(task_id=task_id)
    message = str(envelope.get("msg") or "")[:2000]
    account = None if named else _refused_account(code, message)
    if contradicts_itself(response, code, names_task=bool(named)) or code not in NOTHING_CREATED:
        return OutcomeUnknown(
            reason=f"HTTP {response.status_code}, code {code}", task_id=task_id, account=account
        )
    if account:
        return TaskRefused(code=str(code), message=message, account=account)
    if code in TOO_FAST:
        return TaskRefused(
            code=str(code), message=message, retry_after=TOO_FAST_RETRY, too_fast=True
        )
    if code == TOKEN_REFUSED:
        return TaskRefused(code=str(code), message=message, retry_after=UNREACHABLE_RETRY)
    return TaskRefused(code=str(code), message=message)


def created_ids(envelope: Mapping[str, Any]) -> frozenset[str]:
    """Return the different task ids that an answer names: ``data`` is one, or an object."""
    data = envelope.get("data")
    bare = id_text(data) if "code" in envelope else ""
    return task_ids(envelope, data if isinstance(data, dict) else {}) | {bare} - {""}


def _refused_account(code: int, message: str) -> PauseReason | None:
    no_credits = PauseReason.NO_CREDITS if says_no_credits(message) else None
    return ACCOUNT.get(code) or no_credits


def read_token(envelope: Mapping[str, Any]) -> AccessToken | None:
    """Return the token in an answer, if there is one. ``expire_in`` is a time in Unix seconds."""
    data = envelope.get("data")
    given = data if envelope.get("code") == 0 and isinstance(data, dict) else {}
    value, expires_at = given.get("access_token"), read_moment(given.get("expire_in"))
    if not isinstance(value, str) or not HEADER_WORD.fullmatch(value) or expires_at is None:
        return None
    return AccessToken(value=value, expires_at=expires_at)


def is_token_refused(response: httpx.Response) -> bool:
    """Tell whether the token was refused, and nothing else can have happened."""
    envelope = read_envelope(response)
    code, names_task = envelope.get("code"), bool(created_ids(envelope))
    return code == TOKEN_REFUSED and not contradicts_itself(response, code, names_task=names_task)
