"""The environment that each kind of child process gets.

Our own processes get nothing of the caller's: a proxy, an AWS profile or a Python setting is meant
for something else. Installers keep the caller's registries, proxies and certificates.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from local.ports import LOOPBACK

# Meant for the caller's own programs: accounts, make's flags, interpreters, install locations.
_FOREIGN: Final = (
    *("AWS_", "SAM_CLI_", "MAKE", "MFLAGS", "PYTHON", "LOCAL_PYTHON", "VIRTUAL_ENV"),
    *("PIP_USER", "PIP_TARGET", "PIP_PREFIX", "UV_TARGET", "UV_PREFIX"),
)


def own_environment(private: Path) -> dict[str, str]:
    """Return the environment of a process of ours, whose files are under ``private``."""
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": str(private),
        "TMPDIR": str(private),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
    }


def installer_environment(private: Path, caller: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a process that downloads packages, also through a proxy."""
    inherited = {name: value for name, value in caller.items() if not name.startswith(_FOREIGN)}
    direct = caller.get("no_proxy") or caller.get("NO_PROXY")
    direct = f"{direct},{LOOPBACK}" if direct else LOOPBACK
    return inherited | {
        # Both spellings: programs differ in which one they prefer.
        "NO_PROXY": direct,
        "no_proxy": direct,
        "TMPDIR": str(private),
        "UV_PYTHON_DOWNLOADS": "never",
        # A company's certificates may be in the system's store only.
        "UV_SYSTEM_CERTS": "1",
    }
