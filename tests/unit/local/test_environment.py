"""What each kind of child process gets of the caller's environment."""

from pathlib import Path

import pytest

from local.environment import installer_environment, own_environment

PRIVATE = Path("/private folder")
CALLER = {
    "PATH": "/usr/bin",
    "http_proxy": "http://proxy.example:3128",
    "https_proxy": "http://proxy.example:3128",
    "SSL_CERT_FILE": "/etc/company.pem",
    "PIP_INDEX_URL": "https://registry.invalid/simple",
    "UV_DEFAULT_INDEX": "https://registry.invalid/simple",
    "AWS_PROFILE": "unknown",
    "AWS_ACCESS_KEY_ID": "a real one",
    "MAKEFLAGS": "-j",
    "PYTHONPATH": "/elsewhere",
    "PIP_USER": "1",
    "UV_TARGET": "/elsewhere",
    "VIRTUAL_ENV": "/elsewhere",
}


def test_a_process_of_ours_gets_nothing_of_the_callers(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in CALLER.items():
        monkeypatch.setenv(name, value)
    assert own_environment(PRIVATE).keys() == {"PATH", "HOME", "TMPDIR", "LANG", "TZ"}
    assert not {*own_environment(PRIVATE).values()} & ({*CALLER.values()} - {"/usr/bin"})


def test_an_installer_keeps_registries_proxies_and_certificates() -> None:
    given = installer_environment(PRIVATE, CALLER)
    kept = ["http_proxy", "https_proxy", "SSL_CERT_FILE", "PIP_INDEX_URL", "UV_DEFAULT_INDEX"]
    assert {name: given[name] for name in kept} == {name: CALLER[name] for name in kept}
    assert given["UV_SYSTEM_CERTS"] == "1"


def test_an_installer_gets_no_account_interpreter_or_target() -> None:
    given = installer_environment(PRIVATE, CALLER)
    foreign = ["AWS_PROFILE", "AWS_ACCESS_KEY_ID", "MAKEFLAGS", "PYTHONPATH", "PIP_USER"]
    assert not given.keys() & {*foreign, "UV_TARGET", "VIRTUAL_ENV"}


@pytest.mark.parametrize(
    ("caller", "direct"),
    [
        ({}, "127.0.0.1"),
        ({"NO_PROXY": "registry.invalid"}, "registry.invalid,127.0.0.1"),
        ({"no_proxy": "registry.invalid"}, "registry.invalid,127.0.0.1"),
        ({"no_proxy": "a.invalid", "NO_PROXY": "b.invalid"}, "a.invalid,127.0.0.1"),
    ],
)
def test_no_proxy_is_used_for_this_machine(caller: dict[str, str], direct: str) -> None:
    given = installer_environment(PRIVATE, caller)
    assert (given["no_proxy"], given["NO_PROXY"]) == (direct, direct)
