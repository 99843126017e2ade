"""Paths in the repository; `make environments` installs the environments."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PRIVATE = ROOT / ".local"
ENVIRONMENTS = PRIVATE / "environments"
EMULATOR_PYTHON = ENVIRONMENTS / "emulator/bin/python"
SAM = ENVIRONMENTS / "sam/bin/sam"
SAM_PYTHON = ENVIRONMENTS / "sam/bin/python"
UV = ENVIRONMENTS / "uv/bin/uv"
IMAGES = PRIVATE / "images"

# Wheels and bytecode depend on the Python version, which the emulator shares with this process.
BUILD = PRIVATE / f"build/python{sys.version_info.major}.{sys.version_info.minor}"
