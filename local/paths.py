"""Where things lie in the repository; `make environments` fills the environments."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PRIVATE = ROOT / ".local"
ENVIRONMENTS = PRIVATE / "environments"
EMULATOR_PYTHON = ENVIRONMENTS / "emulator/bin/python"
SAM = ENVIRONMENTS / "sam/bin/sam"
UV = ENVIRONMENTS / "uv/bin/uv"
IMAGES = PRIVATE / "images"

# Wheels and bytecode fit one Python only; the emulator runs the one that runs us.
BUILD = PRIVATE / f"build/python{sys.version_info.major}.{sys.version_info.minor}"
