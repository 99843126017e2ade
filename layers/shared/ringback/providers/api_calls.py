"""HTTP calls to providers' APIs."""

import logging
import re
import ssl
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, Final

import certifi
import httpx

from ringback.domain.accounts import pause_reason
from ringback.domain.errors import NotConfigured, ProviderUnavailable, TaskUnreadable
from ringback.domain.verdicts import Submission, TaskRefused
from ringback.domain.version import USER_AGENT
from ringback.json_bodies import NotJson, parse_json
from ringback.providers.kept_answers import MAX_KEPT_BYTES, kept
from ringback.providers.timed_transport import TimedTransport

# Without a connection no request was sent: the only transport errors that prove anything.
NEVER_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout)
UNREACHABLE_RETRY: Final = 30
# The limits of a call, in total. A look-up of the host that takes longer than the rest (a resolver
# gives up after about ten seconds) ends in no connection, so nothing is sent.
CALL_SECONDS: Final = 15.0
CONNECT_SECONDS: Final = 4.0
# Stands for the code of an answer that gives two; no provider's tables have it.
NO_CODE: Final = -1
# HTTP statuses of a refused key and of too many requests: every task would get the same answer.
ABOUT_ACCOUNT: Final = frozenset({401, 403, 429})
_INTEGER: Final = re.compile(r"\s*[+-]?[0-9]{1,9}(?:\.0*)?\s*", re.ASCII)
# What a key or token must match to be sent in a header.
HEADER_WORD: Final = re.compile(r"[\x21-\x7e]+")

# httpx logs every URL at INFO, and Lambda's JSON log format includes INFO of every library.
logging.getLogger("httpx").setLevel(logging.WARNING)


@cache
def _tls() -> ssl.SSLContext:
    """Trust certifi's roots. The layer has each in a file of its own, of which OpenSSL reads one.

    Reading the whole bundle takes 15 ms of CPU; with 128 MB that is a fifth of a second.
    """
    bundle = Path(certifi.where())
    roots = bundle.with_name("roots")
    if roots.is_dir():
        return ssl.create_default_context(capath=str(roots))
    return ssl.create_default_context(cafile=str(bundle))


def api_client(
    base_url: str, transport: httpx.BaseTransport | None, *, seconds: float = CALL_SECONDS
) -> httpx.Client:
    """Return a client each of whose calls ends after ``seconds``, counted from its connection."""
    return httpx.Client(
        base_url=base_url,
        headers={"User-Agent": USER_AGENT},
        timeout=httpx.Timeout(seconds, connect=min(seconds, CONNECT_SECONDS)),
        follow_redirects=False,
        trust_env=False,
        transport=transport or TimedTransport(_tls(), seconds=seconds),
    )


def read_envelope(response: httpx.Response) -> dict[str, Any]:
    """Return the body if it is a JSON object with a readable ``code``, otherwise nothing."""
    answer = read_object(response)
    return answer if answer and "code" in answer else {}


def read_object(response: httpx.Response) -> dict[str, Any] | None:
    """Return the body if it is a JSON object; its ``code`` is an integer, or left out.

    An answer with two different codes has ``NO_CODE``, which proves nothing.
    """
    try:
        # A number that cannot be read costs its own task, not all those in the same answer.
        parsed = parse_json(response.content, unreadable_numbers=True)
    except NotJson:
        return None
    if not isinstance(parsed.value, dict):
        return None
    answer = dict(parsed.value)
    given = answer.pop("code", None)
    code = NO_CODE if "code" in parsed.repeated and given is None else _as_integer(given)
    return answer if code is None else {"code": code, **answer}


def without_envelope(response: httpx.Response, provider: str) -> ProviderUnavailable:
    """Return what an answer without a code means: for its task only, or for all of them.

    A JSON object, and whatever comes with success, is about the task that was asked about. Anything
    else may come from a proxy on the way.
    """
    error = f"HTTP {response.status_code} without {provider}'s envelope"
    is_answer = response.is_success or read_object(response) is not None
    if is_answer and response.status_code not in ABOUT_ACCOUNT:
        return TaskUnreadable(error)
    return ProviderUnavailable(error)


def _as_integer(value: object) -> int | None:
    """Read a code that a serializer has written as text or as a float, too."""
    # bool is a subclass of int.
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        return int(float(value))
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    return value if isinstance(value, int) else None


def not_sent(message: str) -> TaskRefused:
    """Return the answer to a paid call that was never made."""
    return TaskRefused(code="unreachable", message=message, retry_after=UNREACHABLE_RETRY)


def with_answer(submission: Submission, response: httpx.Response) -> Submission:
    """Keep the answer of a refusal, which may decide the job."""
    if not isinstance(submission, TaskRefused):
        return submission
    return replace(submission, answer=kept(read_envelope(response) or _text(response)))


def _text(response: httpx.Response) -> str:
    """Return the beginning of a body. ``httpx.Response.text`` raises for some charsets."""
    return response.content[: 4 * MAX_KEPT_BYTES].decode("utf-8", "replace")


def not_made(error: Exception) -> TaskRefused:
    """Return the answer to a paid call for which there were no credentials."""
    if isinstance(error, NotConfigured):
        return TaskRefused(code="", message=str(error), account=pause_reason(error))
    return not_sent(str(error) if isinstance(error, ProviderUnavailable) else type(error).__name__)


def contradicts_itself(response: httpx.Response, code: object, *, names_task: bool) -> bool:
    """Tell whether a refusal with this code proves nothing.

    One beside a task id, or inside a server error of another number: something may have been
    created all the same.
    """
    return names_task or (response.is_server_error and response.status_code != code)
