"""The version stands in one place."""

from importlib.metadata import version

from ringback.domain.version import USER_AGENT, VERSION


def test_the_installed_version_is_the_constant() -> None:
    assert version("ringback") == VERSION
    assert f"Ringback/{VERSION}" == USER_AGENT
