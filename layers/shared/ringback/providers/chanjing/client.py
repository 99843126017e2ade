"""Client of Chanjing (蝉镜)."""

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from time import sleep
from typing import Any, Final

import httpx

from ringback.domain.accounts import ProbeAnswer
from ringback.domain.errors import (
    CredentialsRefused,
    MalformedCallback,
    NotConfigured,
    ProviderUnavailable,
    TaskUnreadable,
)
from ringback.domain.jobs import Job, ProviderTaskId
from ringback.domain.tokens import AccessToken
from ringback.domain.verdicts import (
    OutcomeUnknown,
    Submission,
    TaskReport,
)
from ringback.providers.api_calls import (
    NEVER_SENT,
    api_client,
    not_made,
    not_sent,
    read_envelope,
    with_answer,
    without_envelope,
)
from ringback.providers.chanjing.access_tokens import AccessTokens
from ringback.providers.chanjing.answers import (
    CREDENTIALS_REFUSED,
    TOKEN_REFUSED,
    TOO_FAST,
    is_token_refused,
    read_submission,
    read_token,
)
from ringback.providers.chanjing.tasks import IMAGE, model_code, read_task
from ringback.use_cases.ports import TokenStore

# Codes of answers to a read that are not about its tasks.
ABOUT_ALL_TASKS: Final = frozenset({TOKEN_REFUSED, *TOO_FAST})
# No call begins later than this, so that all of it ends in 20 s: MAX_CALL in
# use_cases/submit_job.py.
SEND_WITHIN: Final = timedelta(seconds=5)


class ChanjingClient:
    """``credentials`` returns ``app_id`` and ``secret_key``; ``renew`` reads them again.

    It is called before each request for an access token, and when one of them is missing.
    """

    def __init__(
        self,
        base_url: str,
        credentials: Callable[[], Mapping[str, Any]],
        tokens: TokenStore,
        *,
        now: Callable[[], datetime],
        transport: httpx.BaseTransport | None = None,
        renew: Callable[[], bool] = bool,
    ) -> None:
        self._renew = renew
        self._http = api_client(base_url, transport)
        # A shorter limit than for paid calls, because other functions wait for the token.
        self._token_http = api_client(base_url, transport, seconds=3.0)
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

    def probe(self) -> ProbeAnswer:
        """Get an access token: nothing else is free, and nothing tells the balance."""
        self.prepare()
        return ProbeAnswer(is_good=True)

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
            return not_sent("Chanjing could not be reached")
        except (ProviderUnavailable, NotConfigured) as error:
            # No token, so no call was made, or none that the provider accepted.
            return not_made(error)
        except httpx.HTTPError as error:
            return OutcomeUnknown(reason=type(error).__name__)
        return with_answer(read_submission(response), response)

    def read_tasks(self, task_ids: Sequence[ProviderTaskId]) -> Mapping[ProviderTaskId, TaskReport]:
        wanted = {"unique_ids": [*task_ids], "type": IMAGE, "page": 1, "page_size": len(task_ids)}
        data = self._ask("POST", "/open/v1/ai_creation/task/page", json=wanted)
        tasks = data.get("list") if isinstance(data, dict) else None
        if not isinstance(tasks, list):
            raise TaskUnreadable("a task page without a list")
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
            yield from report.other_links(number, known=job.result_urls)

    def _ask(self, method: str, path: str, **arguments: Any) -> Any:
        """Return the ``data`` of a call that costs nothing and can be repeated."""
        try:
            response = self._call(method, path, **arguments)
        except httpx.HTTPError as error:
            raise ProviderUnavailable(type(error).__name__) from error
        envelope = read_envelope(response)
        if not envelope:
            raise without_envelope(response, "Chanjing")
        code = envelope["code"]
        if code in ABOUT_ALL_TASKS:
            raise ProviderUnavailable(f"{path} answered {code}")
        if code != 0:
            raise TaskUnreadable(f"{path} answered {code}")
        return envelope.get("data")

    def _call(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        """Call with the shared token; if it is refused, once more with another one.

        All of it takes ``SEND_WITHIN`` and the time of one call at most.
        """
        send_by = self._now() + SEND_WITHIN
        token = self._token(self._tokens.current, send_by)
        response = self._send(method, path, token, **arguments)
        if is_token_refused(response):
            # The token was refused, so nothing was done: even the paid call can be repeated.
            token = self._token(lambda: self._tokens.instead_of(token), send_by)
            response = self._send(method, path, token, **arguments)
        return response

    def _token(self, get: Callable[[], str], send_by: datetime) -> str:
        """Return a token. Without one in time no call is made, whatever the reason is."""
        try:
            token = get()
        except (ProviderUnavailable, NotConfigured):
            raise
        except Exception as error:
            raise ProviderUnavailable(f"no access token: {type(error).__name__}") from error
        if self._now() > send_by:
            raise ProviderUnavailable("the access token came too late")
        return token

    def _send(self, method: str, path: str, token: str, **arguments: Any) -> httpx.Response:
        return self._http.request(method, path, headers={"access_token": token}, **arguments)

    def _fetch_token(self) -> AccessToken:
        self._renew()
        try:
            response = self._token_http.post("/open/v1/access_token", json=self._app())
        except httpx.HTTPError as error:
            raise ProviderUnavailable(f"no access token: {type(error).__name__}") from error
        envelope = read_envelope(response)
        if envelope.get("code") in CREDENTIALS_REFUSED:
            raise CredentialsRefused(
                f"Chanjing refused its app_id and secret_key: code {envelope['code']}"
            )
        token = read_token(envelope)
        if token is None or token.expires_at <= self._now():
            raise ProviderUnavailable(f"no access token: code {envelope.get('code')}")
        return token

    def _app(self) -> dict[str, str]:
        app = self._read_app()
        if not all(app.values()) and self._renew():
            app = self._read_app()
        if not all(app.values()):
            raise NotConfigured(
                "there is no app_id and secret_key of Chanjing yet; see docs/deploy.md"
            )
        return app

    def _read_app(self) -> dict[str, str]:
        known = self._credentials()
        return {name: str(known.get(name) or "") for name in ("app_id", "secret_key")}
