"""The version of Ringback: pyproject.toml reads it here, and requests to providers name it."""

from typing import Final

VERSION = "0.1.0"
# Some providers and image hosts answer 403 to the default names of HTTP libraries.
USER_AGENT: Final = f"Ringback/{VERSION}"
