import pytest

from local.simulator.user_agents import is_refused


@pytest.mark.parametrize(
    "agent",
    ["python-httpx/0.28.1", "python-requests/2.32", "Python-urllib/3.11", "Go-http-client/1.1",
     "", " "],
)  # fmt: skip
def test_the_user_agent_of_a_library_is_refused(agent: str) -> None:
    assert is_refused({"user-agent": agent})


def test_a_missing_user_agent_is_refused() -> None:
    assert is_refused({})


@pytest.mark.parametrize("agent", ["ringback/1.0", "curl/8.0", "ringback (python-httpx/0.28)"])
def test_a_custom_user_agent_is_accepted(agent: str) -> None:
    assert not is_refused({"user-agent": agent})
