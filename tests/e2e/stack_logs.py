"""Which stacks are up, for the hook that shows their logs beside a test that failed."""

import pytest

from local.deployment import Deployment

STACKS = pytest.StashKey[list[Deployment]]()


def show_logs_of(deployment: Deployment, config: pytest.Config) -> None:
    config.stash.setdefault(STACKS, []).append(deployment)


def credentials_of(deployment: Deployment) -> set[str]:
    """Return every credential of the stack's accounts with providers."""
    return {value for account in deployment.accounts for value in account.options.values()}
