import pytest

from local.simulator.user_agents import is_refused


@pytest.mark.parametrize(
    "agent",
    ["python-httpx/0.28.1", "python-requests/2.32", "Python-urllib/3.11", "Go-http-client/1.1",
     "", " "],
)  # fmt: skip
def test_a_librarys_own_name_is_turned_away(agent: str) -> None:
    assert is_refused({"user-agent": agent})


def test_no_name_at_all_is_turned_away() -> None:
    assert is_refused({})


@pytest.mark.parametrize("agent", ["ringback/1.0", "curl/8.0", "ringback (python-httpx/0.28)"])
def test_a_name_of_its_own_gets_in(agent: str) -> None:
    assert not is_refused({"user-agent": agent})
