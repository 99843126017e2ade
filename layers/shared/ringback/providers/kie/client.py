"""Client of kie.ai."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import httpx

from ringback.domain.accounts import PauseReason, ProbeAnswer
from ringback.domain.errors import (
    CredentialsRefused,
    MalformedCallback,
    NotConfigured,
    ProviderUnavailable,
    TaskUnreadable,
)
from ringback.domain.jobs import Job, ProviderTaskId, as_task_id
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
    api_client,
    contradicts_itself,
    not_made,
    not_sent,
    read_envelope,
    read_object,
    with_answer,
    without_envelope,
)
from ringback.providers.credit_words import says_no_credits
from ringback.providers.kie.tasks import as_kept, read_credits, read_task, task_ids
from ringback.providers.task_ids import only_id

# Codes of createTask for "nothing was created, try again", with the seconds to wait: 429 is the
# rate window of ten seconds, 455 is maintenance.
TRY_AGAIN: Final[Mapping[int, int]] = {429: 10, 455: 300}
TOO_FAST: Final = 429
MAINTENANCE: Final = 455
# Codes that refuse the account, not the job. The front door's own 403 has no envelope.
ACCOUNT: Final[Mapping[int, PauseReason]] = {
    401: PauseReason.KEY_REFUSED,
    402: PauseReason.NO_CREDITS,
    403: PauseReason.KEY_REFUSED,
    433: PauseReason.KEY_LIMIT_REACHED,
}
# Codes of permanent refusals. A code that is in no table proves nothing either way: 408 and 500 in
# particular can come after the task was created.
REFUSED: Final = frozenset({400, 404, 405, 413, 415, 422, 501, 505})
NOTHING_CREATED: Final = TRY_AGAIN.keys() | ACCOUNT.keys() | REFUSED
# The code of a call that costs nothing: what else it says is about the task.
KEY_REFUSED: Final = 401
# Seconds until a job comes back whose key was changed meanwhile.
NEW_KEY_RETRY: Final = 1
WRONG_KEY: Final = "kie.ai refused its API key"
NOT_VISIBLE: Final = frozenset({404, 422})
_DIGIT: Final = re.compile(r"[0-9]")
FINISHED_AND_FAILED: Final = frozenset({408, 501})


class KieClient:
    """``api_key`` returns the key, and ``renew`` tells whether there is another one by now.

    It is called when a key is missing or refused; the call, or the job, is then tried again.
    """

    def __init__(
        self,
        base_url: str,
        api_key: Callable[[], str],
        transport: httpx.BaseTransport | None = None,
        *,
        renew: Callable[[], bool] = bool,
    ) -> None:
        self._api_key = api_key
        self._renew = renew
        self._http = api_client(base_url, transport)

    def prepare(self) -> None:
        self._authorization()

    def create_task(self, job: Job, callback_url: str) -> Submission:
        answer = self._create_task(job, callback_url)
        match answer:
            # Not again in this call, which would take twice as long as a paid call may.
            case TaskRefused(account=PauseReason.KEY_REFUSED) if self._renew():
                return replace(answer, account=None, retry_after=NEW_KEY_RETRY)
        return answer

    def _create_task(self, job: Job, callback_url: str) -> Submission:
        body = {
            "model": job.request.model,
            "callBackUrl": callback_url,
            "input": dict(job.request.input),
        }
        try:
            headers = self._authorization()
        except Exception as error:  # noqa: BLE001  whatever it is, no call was made
            return not_made(error)
        try:
            response = self._http.post("/api/v1/jobs/createTask", json=body, headers=headers)
        except NEVER_SENT:
            return not_sent("kie.ai could not be reached")
        except httpx.HTTPError as error:
            return OutcomeUnknown(reason=type(error).__name__)
        return with_answer(read_submission(response), response)

    def probe(self) -> ProbeAnswer:
        """Ask for the credits that are left. A capped key gets an answer, too.

        Only an answer about the account is a bad one. If the route is gone, or its answer has
        another shape, a job has to find out: its refusal costs nothing.
        """
        response, envelope = self._send("GET", "/api/v1/chat/credit")
        code = envelope.get("code", response.status_code)
        if code == KEY_REFUSED:
            raise CredentialsRefused(WRONG_KEY)
        if httpx.codes.is_server_error(code):
            raise ProviderUnavailable(f"the credits' route answered {code}")
        if code == httpx.codes.OK:
            left = envelope.get("data")
            # bool is a subclass of int.
            is_good = not isinstance(left, int | float) or left is False or left > 0
            return ProbeAnswer(is_good=is_good, credits=read_credits(left))
        return ProbeAnswer(is_good=code not in ACCOUNT and code not in TRY_AGAIN)

    def read_tasks(self, task_ids: Sequence[ProviderTaskId]) -> Mapping[ProviderTaskId, TaskReport]:
        found = {task_id: self._read_task(task_id) for task_id in task_ids}
        return {task_id: report for task_id, report in found.items() if report}

    def _read_task(self, task_id: ProviderTaskId) -> TaskReport | None:
        envelope = self._ask("GET", "/api/v1/jobs/recordInfo", params={"taskId": task_id})
        code = envelope.get("code")
        if isinstance(envelope.get("data"), dict) or code in FINISHED_AND_FAILED:
            return read_record(envelope, task_id)
        if code in NOT_VISIBLE:
            return None
        if code in TRY_AGAIN:
            raise ProviderUnavailable(f"recordInfo answered {code}")
        raise TaskUnreadable(f"recordInfo answered {code}")

    def fresh_links(self, job: Job, number: int) -> Iterator[str]:
        """Mint a link; then read the record, because links are minted for deleted files too."""
        if url := job.result_urls[number - 1]:
            envelope = self._ask("POST", "/api/v1/common/download-url", json={"url": url})
            code, link = envelope.get("code"), envelope.get("data")
            if code == httpx.codes.OK and isinstance(link, str):
                yield link
            elif code not in REFUSED | ACCOUNT.keys():
                raise ProviderUnavailable(f"download-url answered {code}")
        report = self._read_task(job.task_id) if job.task_id else None
        if report:
            yield from report.other_links(number, known=job.result_urls)

    def _ask(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        """Return the envelope of a call that costs nothing and can be repeated."""
        response, envelope = self._send(method, path, **arguments)
        if not envelope:
            raise without_envelope(response, "kie.ai")
        if envelope["code"] == KEY_REFUSED:
            raise CredentialsRefused(WRONG_KEY)
        return envelope

    def _send(
        self, method: str, path: str, **arguments: Any
    ) -> tuple[httpx.Response, dict[str, Any]]:
        """Return the answer and its envelope, to a new key if the one before is refused."""
        response, envelope = self._send_once(method, path, **arguments)
        if envelope.get("code", response.status_code) == KEY_REFUSED and self._renew():
            return self._send_once(method, path, **arguments)
        return response, envelope

    def _send_once(
        self, method: str, path: str, **arguments: Any
    ) -> tuple[httpx.Response, dict[str, Any]]:
        headers = self._authorization()
        try:
            response = self._http.request(method, path, headers=headers, **arguments)
        except httpx.HTTPError as error:
            raise ProviderUnavailable(type(error).__name__) from error
        return response, read_envelope(response)

    def _authorization(self) -> dict[str, str]:
        key = self._api_key()
        if not HEADER_WORD.fullmatch(key) and self._renew():
            key = self._api_key()
        if not key:
            raise NotConfigured("there is no kie.ai API key yet; see docs/deploy.md")
        if not HEADER_WORD.fullmatch(key):
            # If it failed later, in the paid call, it would look like a lost answer.
            raise NotConfigured("the kie.ai API key has a space, line break or non-ASCII character")
        return {"Authorization": f"Bearer {key}"}


def read_submission(response: httpx.Response) -> Submission:
    """Return what an answer to createTask proves. The body's code outranks the HTTP status.

    An answer that contradicts itself proves nothing; the id that it names is kept.
    """
    envelope = read_object(response) or {}
    # A server error without the provider's own body may come from any proxy on the way.
    code: int = envelope.get("code", response.status_code if response.is_client_error else 0)
    named = task_ids(envelope) or bare_ids(envelope)
    task_id = only_id(named)
    if response.is_success and code == httpx.codes.OK and task_id:
        return TaskCreated(task_id=task_id)
    message = str(envelope.get("msg") or envelope.get("message") or "")[:2000]
    account = None if named else _refused_account(code, message)
    unknown = OutcomeUnknown(
        reason=f"HTTP {response.status_code}, code {code}", task_id=task_id, account=account
    )
    if contradicts_itself(response, code, names_task=bool(named)) or code not in NOTHING_CREATED:
        return unknown
    if account:
        return TaskRefused(code=str(code), message=message, account=account)
    if code in TRY_AGAIN:
        return TaskRefused(
            code=str(code),
            message=message,
            retry_after=TRY_AGAIN[code],
            too_fast=code == TOO_FAST,
            maintenance=code == MAINTENANCE,
        )
    return TaskRefused(code=str(code), message=message)


def _refused_account(code: int, message: str) -> PauseReason | None:
    no_credits = PauseReason.NO_CREDITS if says_no_credits(message) else None
    return ACCOUNT.get(code) or no_credits


def bare_ids(envelope: Mapping[str, Any]) -> frozenset[str]:
    """Return the id of a created task whose ``data`` is nothing else. A mere word is none."""
    task_id = as_task_id(envelope.get("data")) if envelope.get("code") == httpx.codes.OK else None
    return frozenset({task_id} if task_id and _DIGIT.search(task_id) else ())


def read_record(envelope: Mapping[str, Any], task_id: ProviderTaskId) -> TaskReport:
    """Read recordInfo's answer, which need not name the task but must not name another."""
    try:
        report = read_task({"taskId": task_id, **envelope})
    except MalformedCallback as error:
        raise TaskUnreadable(f"recordInfo: {error}") from error
    if report.task_id != task_id:
        raise TaskUnreadable("recordInfo is about another task")
    return replace(report, answer=as_kept(report, envelope))
