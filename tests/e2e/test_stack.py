"""The local stack itself: who is admitted, and how its functions are configured."""

import httpx
import pytest

from local import smoke
from local.deployment import Deployment, administrator
from local.jobs_api import JobsApi
from tests.e2e.provider import Provider
from tests.e2e.stack_logs import credentials_of


def test_a_stranger_is_refused(deployment: Deployment) -> None:
    for path in ("/jobs", "/unknown"):
        url = f"{deployment.jobs_api_url}{path}"
        without_key = httpx.get(url, trust_env=False, timeout=30)
        with_wrong_key = httpx.get(
            url, headers={"Authorization": "Bearer wrong"}, trust_env=False, timeout=30
        )
        assert (without_key.status_code, with_wrong_key.status_code) == (401, 403), path


def test_a_client_is_let_in(jobs_api: JobsApi) -> None:
    answer = jobs_api.client.get(f"{jobs_api.url}/jobs")
    assert answer.status_code == 200
    assert set(answer.json()) == {"jobs", "cursor"}
    for unknown in (
        jobs_api.client.get(f"{jobs_api.url}/unknown"),
        jobs_api.client.delete(f"{jobs_api.url}/jobs"),
    ):
        assert unknown.headers["content-type"] == "application/problem+json"
        assert (unknown.status_code, unknown.json()["status"]) == (404, 404)


def test_keys_do_not_show_in_a_failing_test(deployment: Deployment) -> None:
    shown = repr(deployment)
    for key in (deployment.client_key, *credentials_of(deployment)):
        assert key not in shown


def test_the_functions_know_the_callback_api(deployment: Deployment) -> None:
    functions = administrator().client("lambda", endpoint_url=deployment.endpoint_url)
    told = {
        variables["CALLBACK_BASE_URL"]
        for function in functions.list_functions()["Functions"]
        if "CALLBACK_BASE_URL" in (variables := function["Environment"]["Variables"])
    }
    assert told == {deployment.callback_api_url}


def test_smoke_sends_one_job_through(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RINGBACK_API_URL", deployment.jobs_api_url)
    monkeypatch.setenv("RINGBACK_LIVE_URL", deployment.live_api_url)
    monkeypatch.setenv("RINGBACK_KEY", deployment.client_key)
    assert smoke.main(["--yes"]) == 0
    shown = capsys.readouterr().out
    assert "1024 x 1024" in shown
    assert "Credits spent: 5." in shown


def test_smoke_sends_nothing_unless_told(
    deployment: Deployment,
    provider: Provider,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = smoke_tasks(provider)
    monkeypatch.setenv("RINGBACK_API_URL", deployment.jobs_api_url)
    monkeypatch.setenv("RINGBACK_LIVE_URL", deployment.live_api_url)
    monkeypatch.setenv("RINGBACK_KEY", deployment.client_key)
    monkeypatch.setattr("builtins.input", lambda _question: "")
    assert smoke.main([]) == 1
    assert "5 credits" in capsys.readouterr().out
    assert smoke_tasks(provider) == before


def smoke_tasks(provider: Provider) -> list[str]:
    # Other tests' tasks may come and change meanwhile.
    return [task["id"] for task in provider.tasks() if task["input"] == smoke.INPUT]
