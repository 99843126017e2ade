"""Whether callbacks can come, and be verified; and the secrets of the stack's own."""

from collections.abc import Iterator
from typing import Any, Final

import httpx
from ringback.callbacks.signatures import usable_keys
from ringback.callbacks.standard_webhooks import signing_keys
from ringback.callbacks.tokens import valid_secrets
from ringback.domain.client_keys import keys_in
from ringback.domain.errors import NotConfigured
from ringback.domain.version import USER_AGENT
from ringback.providers.registry import EXTERNAL

from local.chosen_stack import Stack
from local.health.findings import Finding
from local.owner_secrets import StoredJson, secret_output

HMAC_KEYS: Final = "webhook_hmac_keys"
# Of no job: whoever gets an answer to it has reached the function, and learns nothing.
UNKNOWN: Final = f"/callbacks/{next(iter(EXTERNAL))}/job_doctor/wrong-token"
SECONDS: Final = 15.0


def callback_url(stack: Stack, transport: httpx.BaseTransport | None = None) -> Iterator[Finding]:
    """Call back with a wrong token from here, which is outside of the stack as a provider is."""
    base_url = _base_url(stack)
    try:
        is_local = bool(stack.endpoint_url)
        with httpx.Client(timeout=SECONDS, trust_env=not is_local, transport=transport) as http:
            headers = {"User-Agent": USER_AGENT}
            answer = http.post(f"{base_url}{UNKNOWN}", json={}, headers=headers)
    except httpx.HTTPError as error:
        yield Finding.fail(f"{base_url} can't be reached: {type(error).__name__}: {error}")
        return
    problem = answer.headers.get("content-type", "") == "application/problem+json"
    if answer.status_code == httpx.codes.NOT_FOUND and problem:
        yield Finding.ok(f"{base_url} answers, and refuses a wrong token")
    else:
        kind = answer.headers.get("content-type", "no content type")
        yield Finding.fail(
            f"{base_url} answered a wrong token with {answer.status_code}, {kind}: not in"
            " Ringback's words"
        )


def _base_url(stack: Stack) -> str:
    """Return what jobs are sent with; ``CallbackBaseUrl`` may be empty."""
    function = dict(stack.resources_of("AWS::Lambda::Function"))["SubmitJobFunction"]
    found = stack.client("lambda").get_function_configuration(FunctionName=function)
    return str(found["Environment"]["Variables"]["CALLBACK_BASE_URL"])


def hmac_keys(stack: Stack) -> Iterator[Finding]:
    """Look at providers that can sign their callbacks."""
    for name, provider in EXTERNAL.items():
        if HMAC_KEYS in provider.secret_fields:
            yield _signs(name, _read(stack, secret_output(name)).get(HMAC_KEYS))


def _signs(name: str, given: object) -> Finding:
    try:
        number = len(usable_keys(HMAC_KEYS, given))
    except NotConfigured as error:
        return Finding.fail(f"{name}: {error}")
    if not number:
        return Finding.warn(f"{name}: no {HMAC_KEYS}, so each callback costs a read to verify it")
    during = " two, as during a rotation" if number > 1 else " set"
    return Finding.ok(f"{name}: {HMAC_KEYS}{during}")


def own_secrets(stack: Stack) -> Iterator[Finding]:
    try:
        number = len(valid_secrets(_read(stack, "CallbackSecretArn")))
        during = ", and the one before" if number > 1 else ""
        yield Finding.ok(f"callback secret: set{during}")
    except NotConfigured as error:
        yield Finding.fail(str(error), "callback-secret")
    if keys := [*keys_in(_read(stack, "ClientKeysSecretArn"))]:
        yield Finding.ok(f"client keys: {len(keys)}")
    else:
        yield Finding.warn("client keys: none, so nobody can use the API", "client-keys")
    webhooks = _read(stack, "WebhookSecretArn")
    unusable = [name for name, entry in webhooks.items() if not _is_usable(entry)]
    if unusable:
        names = ", ".join(unusable)
        yield Finding.fail(f"webhook secrets: unusable for {names}", "webhook-secrets")
    else:
        yield Finding.ok(f"webhook secrets: {len(webhooks)}")


def _is_usable(entry: object) -> bool:
    try:
        signing_keys(entry)
    except NotConfigured:
        return False
    return True


def _read(stack: Stack, output: str) -> dict[str, Any]:
    return StoredJson(stack.client("secretsmanager"), stack.output(output)).read()
