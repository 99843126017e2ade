"""What each benchmark's result begins with: what was measured, where, and when."""

import os
import platform
from datetime import date


def heading(title: str) -> str:
    python = platform.python_version()
    machine = f"{os.cpu_count()} shared cores, {platform.machine()}, Python {python}"
    return f"## {title}\n\n{date.today().isoformat()}, {machine}.\n"
