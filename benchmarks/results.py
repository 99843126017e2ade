"""The heading of each benchmark's result: what was measured, when and where."""

import os
import platform
from datetime import date


def heading(title: str) -> str:
    python = platform.python_version()
    machine = f"{os.cpu_count()} shared cores, {platform.machine()}, Python {python}"
    return f"## {title}\n\n{date.today().isoformat()}, {machine}.\n"
