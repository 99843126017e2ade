"""The account that a local stack has with each simulated provider.

Each provider's package declares its own in ``account.py`` as ``new_account() -> Account``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from local.simulator.providers import provider_modules


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Credentials are random for each stack: no key works out of the box.

    ``provider`` is the name that the product uses, ``path`` what follows the simulator's address
    in the provider's base URL. ``secret`` is the JSON of the provider's secret, ``options`` are
    the ones that make ``python -m local.simulator`` accept it.
    """

    provider: str
    path: str = ""
    secret: Mapping[str, Any] = field(repr=False)
    options: Mapping[str, str] = field(repr=False)

    @property
    def base_url_parameter(self) -> str:
        return f"{_camel_case(self.provider)}BaseUrl"

    @property
    def secret_output(self) -> str:
        return f"{_camel_case(self.provider)}SecretArn"


def new_accounts() -> list[Account]:
    """Return a new account with every provider that is simulated."""
    return [module.new_account() for module in provider_modules("account")]


def _camel_case(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))
