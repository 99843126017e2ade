"""The simulated providers: a package each, found by its folder.

``account.py`` makes an account for a local stack, ``api.py`` has the provider's routes as ``API``,
``examples.py`` the jobs that `make run` runs.
"""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType


def provider_modules(name: str) -> Iterator[ModuleType]:
    """Yield the module of that name of every provider, in the order of the providers' names."""
    for path in sorted(Path(__file__).parent.glob(f"*/{name}.py")):
        yield import_module(f"local.simulator.{path.parent.name}.{name}")
