"""Client of Chanjing (蝉镜)."""

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from time import sleep
from typing import Any, Final

import httpx

from ringback.domain.errors import MalformedCallback, NotConfigured, ProviderUnavailable
from ringback.domain.jobs import Job, ProviderTaskId, as_task_id
from ringback.domain.tokens import AccessToken
from ringback.domain.verdicts import (
    OutcomeUnknown,
    Submission,
    TaskCreated,
    TaskRefused,
    TaskReport,
)
from ringback.providers.api_calls import (
    HEADER_WORD,
    NEVER_SENT,
    UNREACHABLE_RETRY,
    api_client,
    read_envelope,
)
from ringback.providers.chanjing.access_tokens import AccessTokens
from ringback.providers.chanjing.tasks import model_code, read_moment, read_task
from ringback.use_cases.ports import TokenStore

IMAGE: Final = 3  # creation_type, and the type of a task page
TOKEN_REFUSED: Final = 10400
TOO_FAST: Final = 40001
# Codes of permanent refusals, the API's own and those of HTTP. A code that is in no table proves
# nothing: 50000 in particular can come after the task was created.
REFUSED: Final = frozenset({400, 40000, 401, 403, 404, 405, 413, 415, 422})
# The limit is a rate per second, its number undocumented.
TOO_FAST_RETRY: Final = 10


class ChanjingClient:
    """``credentials`` returns ``app_id`` and ``secret_key``, and is called whenever needed."""

    def __init__(
        self,
        base_url: str,
        credentials: Callable[[], Mapping[str, Any]],
        tokens: TokenStore,
        *,
        now: Callable[[], datetime],
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._http = api_client(base_url, transport)
        self._credentials = credentials
        self._now = now
        self._tokens = AccessTokens(
            store=tokens,
            fetch=self._fetch_token,
            now=now,
            sleep=sleep,
            new_lease_id=lambda: secrets.token_hex(8),
        )

    def prepare(self) -> None:
        self._app()
        self._tokens.current()

    def create_task(self, job: Job, callback_url: str) -> Submission:
        body = {
            **job.request.input,
            "model_code": model_code(job.request.model),
            "creation_type": IMAGE,
            # Undocumented, but the provider's own client sends it.
            "callback": callback_url,
        }
        try:
            response = self._call("POST", "/open/v1/ai_creation/task/submit", json=body)
        except NEVER_SENT:
            return _not_sent("Chanjing could not be reached")
        except (ProviderUnavailable, NotConfigured) as error:
            # No token, so no call was made.
            return _not_sent(str(error))
        except httpx.HTTPError as error:
            return OutcomeUnknown(reason=type(error).__name__)
        return read_submission(response)

    def read_tasks(self, task_ids: Sequence[ProviderTaskId]) -> Mapping[ProviderTaskId, TaskReport]:
        wanted = {"unique_ids": [*task_ids], "type": IMAGE, "page": 1, "page_size": len(task_ids)}
        data = self._ask("POST", "/open/v1/ai_creation/task/page", json=wanted)
        tasks = data.get("list") if isinstance(data, dict) else None
        if not isinstance(tasks, list):
            raise ProviderUnavailable("a task page without a list")
        found = {}
        for task in tasks:
            try:
                report = read_task(task if isinstance(task, dict) else {})
            except MalformedCallback:
                continue  # one unreadable task must not hide the others of the page
            found[report.task_id] = report
        return {task_id: found[task_id] for task_id in task_ids if task_id in found}

    def fresh_links(self, job: Job, number: int) -> Iterator[str]:
        report = self.read_tasks([job.task_id]).get(job.task_id) if job.task_id else None
        if report:
            yield from report.other_link(number, instead_of=job.result_urls[number - 1])

    def _ask(self, method: str, path: str, **arguments: Any) -> Any:
        """Return the ``data`` of a call that costs nothing and can be repeated."""
        try:
            response = self._call(method, path, **arguments)
        except httpx.HTTPError as error:
            raise ProviderUnavailable(type(error).__name__) from error
        envelope = read_envelope(response)
        if envelope.get("code") != 0:
            raise ProviderUnavailable(f"{path} answered {envelope.get('code')}")
        return envelope.get("data")

    def _call(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        """Call with the shared token; if it is refused, once more with another one."""
        token = self._tokens.current()
        response = self._send(method, path, token, **arguments)
        if read_envelope(response).get("code") == TOKEN_REFUSED:
            # The token was refused, so nothing was done: even the paid call can be repeated.
            token = self._tokens.instead_of(token)
            response = self._send(method, path, token, **arguments)
        return response

    def _send(self, method: str, path: str, token: str, **arguments: Any) -> httpx.Response:
        return self._http.request(method, path, headers={"access_token": token}, **arguments)

    def _fetch_token(self) -> AccessToken:
        try:
            # A shorter limit than for paid calls, because other functions wait for the token.
            response = self._http.post("/open/v1/access_token", json=self._app(), timeout=3.0)
        except httpx.HTTPError as error:
            raise ProviderUnavailable(f"no access token: {type(error).__name__}") from error
        envelope = read_envelope(response)
        if envelope.get("code") in REFUSED:
            raise NotConfigured(
                f"Chanjing refused its app_id and secret_key: code {envelope['code']}"
            )
        token = read_token(envelope)
        if token is None or token.expires_at <= self._now():
            raise ProviderUnavailable(f"no access token: code {envelope.get('code')}")
        return token

    def _app(self) -> dict[str, str]:
        known = self._credentials()
        app = {name: str(known.get(name) or "") for name in ("app_id", "secret_key")}
        if not all(app.values()):
            raise NotConfigured(
                "there is no app_id and secret_key of Chanjing yet; see docs/deploy.md"
            )
        return app


def read_submission(response: httpx.Response) -> Submission:
    """Return what an answer to task/submit proves. The body's code outranks the HTTP status."""
    envelope = read_envelope(response)
    code: int = envelope.get("code", response.status_code if response.is_client_error else -1)
    data = envelope.get("data")
    # A malformed id proves as little as none: the callback may name the right one.
    task_id = as_task_id(data)
    if response.is_success and code == 0 and task_id:
        return TaskCreated(task_id=task_id)
    message = str(envelope.get("msg") or "")[:2000]
    if code == TOO_FAST:
        return TaskRefused(
            code=str(code), message=message, retry_after=TOO_FAST_RETRY, too_fast=True
        )
    if code == TOKEN_REFUSED:
        return TaskRefused(code=str(code), message=message, retry_after=UNREACHABLE_RETRY)
    if code in REFUSED:
        return TaskRefused(code=str(code), message=message)
    return OutcomeUnknown(reason=f"HTTP {response.status_code}, code {code}")


def read_token(envelope: Mapping[str, Any]) -> AccessToken | None:
    """Return the token in an answer, if there is one. ``expire_in`` is a time in Unix seconds."""
    data = envelope.get("data")
    given = data if envelope.get("code") == 0 and isinstance(data, dict) else {}
    value, expires_at = given.get("access_token"), read_moment(given.get("expire_in"))
    if not isinstance(value, str) or not HEADER_WORD.fullmatch(value) or expires_at is None:
        return None
    return AccessToken(value=value, expires_at=expires_at)


def _not_sent(message: str) -> TaskRefused:
    return TaskRefused(code="unreachable", message=message, retry_after=UNREACHABLE_RETRY)
