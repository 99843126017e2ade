"""The callback readers of all providers, by provider name. A new provider is a line here."""

from collections.abc import Callable, Mapping
from typing import Any

from ringback.providers.chanjing.callback import ChanjingCallbackReader
from ringback.providers.kie.callback import KieCallbackReader
from ringback.use_cases.ports import CallbackReader


def callback_readers(*, kie_secret: Callable[[], Mapping[str, Any]]) -> dict[str, CallbackReader]:
    def kie_keys() -> list[bytes]:
        keys = kie_secret().get("webhook_hmac_keys") or []
        # A bare string would otherwise be taken for keys of one letter each.
        return [key.encode() for key in ([keys] if isinstance(keys, str) else keys) if key]

    return {"kie": KieCallbackReader(keys=kie_keys), "chanjing": ChanjingCallbackReader()}
