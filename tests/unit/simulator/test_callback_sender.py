import pytest

from local.simulator.callback_sender import is_loopback


@pytest.mark.parametrize("url", ["http://127.0.0.1:4566/a/$default/b", "http://localhost/x"])
def test_loopback_urls_are_called(url: str) -> None:
    assert is_loopback(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1.example.com/x",
        "http://127.0.0.1@example.com/x",
        "http://localhost.example.com/x",
        "http://169.254.169.254/x",
        "http://0.0.0.0/x",
        "https://127.0.0.1/x",
        "",
    ],
)
def test_other_urls_are_not_called(url: str) -> None:
    assert not is_loopback(url)
