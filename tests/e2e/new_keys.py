"""Keys that were just made: functions that have read the others notice them within seconds."""

import time
from typing import Final

import httpx

from local.deployment import Deployment
from local.failures import LocalFailure
from local.live_line import live_line

SECONDS: Final = 60


def known(deployment: Deployment, key: str) -> str:
    """Return the key once the API and the live line take it."""
    until = time.monotonic() + SECONDS
    while not _is_known(deployment, key):
        assert time.monotonic() < until, "the new key is still unknown"
        time.sleep(0.5)
    return key


def _is_known(deployment: Deployment, key: str) -> bool:
    models = f"{deployment.jobs_api_url}/models"
    headers = {"Authorization": f"Bearer {key}"}
    if not httpx.get(models, headers=headers, timeout=30, trust_env=False).is_success:
        return False
    try:
        with live_line(deployment.live_api_url, key):
            return True
    except LocalFailure:
        return False
