"""A running local stack, as its clients see it, and access to its AWS."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

import boto3
import botocore.session
from botocore.config import Config

from local.emulator import REGION
from local.simulator.accounts import Account

# Settings of botocore that would come from the caller's environment: their fixed values.
_FIXED: Final[dict[str, Any]] = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}


@cache
def administrator() -> boto3.Session:
    """Return a session with every permission; each client needs the stack's ``endpoint_url``.

    Nothing in it comes from the caller's environment: no profile, no account, no proxy.
    """
    fixed = botocore.session.Session(session_vars=_FIXED)
    fixed.set_default_client_config(Config(proxies={}))
    return boto3.Session(
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 - the emulator's own, the same everywhere
        region_name=REGION,
        botocore_session=fixed,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """Addresses, names and keys of one stack, valid while it is up."""

    endpoint_url: str
    simulator_url: str
    jobs_api_url: str
    callback_api_url: str
    live_api_url: str
    studio_url: str
    images_bucket: str
    drop_bucket: str
    jobs_table: str
    client_key: str = field(repr=False)
    webhook_secret: str = field(repr=False)
    accounts: Sequence[Account]
    logs: Path

    @property
    def client_settings(self) -> dict[str, str]:
        """Return the variables that the command line and the client for Python read."""
        return {
            "RINGBACK_API_URL": self.jobs_api_url,
            "RINGBACK_KEY": self.client_key,
            "RINGBACK_LIVE_URL": self.live_api_url,
        }
