"""Every provider, found by its folder: ``providers/<name>/provider.py`` defines ``PROVIDER``."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import Any, Final, Protocol

from ringback import providers
from ringback.domain.pace import Pace
from ringback.use_cases.ports import ProviderClient
from ringback.use_cases.provider_apis import ApiAccess, ProviderApi
from ringback.use_cases.providers import Provider, ProviderAccess, Providers
from ringback.use_cases.webhook_forms import WebhookForm


def found_in(package: ModuleType) -> Iterator[Provider]:
    for module in iter_modules(package.__path__):
        if module.ispkg:
            yield import_module(f"{package.__name__}.{module.name}.provider").PROVIDER


PROVIDERS: Final[Providers] = {provider.name: provider for provider in found_in(providers)}
# Those that have settings.
EXTERNAL: Final[Providers] = {
    name: each for name, each in PROVIDERS.items() if not each.is_internal
}


class ProviderTerms(Protocol):
    @property
    def terms(self) -> Mapping[str, Any]:
        """Return the fields of ``Provider`` that the settings replace."""
        ...


def configured(settings: Mapping[str, ProviderTerms]) -> dict[str, Provider]:
    replaced = {name: replace(EXTERNAL[name], **given.terms) for name, given in settings.items()}
    return {**PROVIDERS, **replaced}


def paces_of(known: Providers) -> dict[str, Pace]:
    return {name: provider.pace for name, provider in known.items()}


def apis_of(known: Providers, access: Callable[[str], ApiAccess]) -> list[ProviderApi]:
    """Return the providers' own APIs; ``access`` returns what the provider of a name needs."""
    return [provider.serve(access(name)) for name, provider in known.items() if provider.serve]


def forms_of(known: Providers) -> dict[str, WebhookForm]:
    """Return the forms of the providers' own callbacks, by the provider's name."""
    return {name: each.call_back() for name, each in known.items() if each.call_back}


class Clients(Mapping[str, ProviderClient]):
    """The clients of all providers, each connected on first use."""

    def __init__(self, access: Mapping[str, ProviderAccess], known: Providers = PROVIDERS) -> None:
        self._access, self._known = access, known
        self._connected: dict[str, ProviderClient] = {}

    def __getitem__(self, name: str) -> ProviderClient:
        if name not in self._connected:
            self._connected[name] = self._known[name].connect(self._access[name])
        return self._connected[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._access)

    def __len__(self) -> int:
        return len(self._access)
