"""Whether the providers' keys work, and whether jobs are sent to them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Final

from ringback.aws.accounts import AccountTable
from ringback.aws.secrets import JsonSecret
from ringback.aws.shared_token import SharedToken
from ringback.domain.clock import EPOCH, utc_now
from ringback.domain.errors import NotConfigured, ProviderUnavailable
from ringback.domain.tokens import AccessToken
from ringback.providers.registry import EXTERNAL
from ringback.use_cases.providers import ProviderAccess

from local.chosen_stack import Stack
from local.health.findings import Finding
from local.owner_secrets import camel_case, secret_output

# About twenty images; the parameter of the provider's alarm, if there is one, says otherwise.
LOW_CREDITS: Final = "100"


def keys(stack: Stack) -> Iterator[Finding]:
    """Ask each provider what costs nothing, as a probe of a paused account does."""
    for name, provider in EXTERNAL.items():
        access = access_of(stack, name)
        try:
            if not access.secret():
                yield Finding.warn(f"{name}: no key is stored; its jobs wait for one")
                continue
            answer = provider.connect(access).probe()
        except NotConfigured as error:
            yield Finding.fail(f"{name}: {error}")
            continue
        except ProviderUnavailable as error:
            yield Finding.warn(f"{name}: no answer ({error})", "a-paused-account")
            continue
        left = "" if answer.credits is None else f", {answer.credits:f} credits left"
        if not answer.is_good:
            yield Finding.fail(f"{name}: the account is refused{left}", "a-paused-account")
        elif answer.credits is not None and answer.credits < low_credits(stack, name):
            yield Finding.warn(f"{name}: the key works{left}", "a-paused-account")
        else:
            yield Finding.ok(f"{name}: the key works{left}")


def paused_accounts(stack: Stack) -> Iterator[Finding]:
    accounts = AccountTable(stack.client("dynamodb"), stack.output("JobsTableName"))
    for name in EXTERNAL:
        pause = accounts.read(name).pause
        if pause is None:
            yield Finding.ok(f"{name}: open")
        else:
            since = f"{pause.since:%Y-%m-%d %H:%M} UTC"
            half_open = "; one job at a time tries" if pause.half_open_at else ""
            yield Finding.fail(f"{name}: paused since {since}, {pause.reason}{half_open}")


def low_credits(stack: Stack, name: str) -> Decimal:
    return Decimal(stack.parameters.get(f"{camel_case(name)}LowCredits", LOW_CREDITS))


def access_of(stack: Stack, name: str) -> ProviderAccess:
    arn = stack.output(secret_output(name))
    shared = SharedToken(stack.client("dynamodb"), stack.output("JobsTableName"), name)
    return ProviderAccess(
        base_url=stack.parameters[f"{camel_case(name)}BaseUrl"],
        secret=JsonSecret(stack.client("secretsmanager"), arn),
        tokens=Renewed(shared, shared.read()),
        now=utc_now,
    )


@dataclass(frozen=True, slots=True)
class Renewed:
    """The shared access token, of which ``old`` counts as expired.

    The token that all functions share proves nothing of today's credentials, and a second one
    would invalidate it. So the next one is fetched, under the functions' own lease.
    """

    shared: SharedToken
    old: AccessToken | None

    def read(self) -> AccessToken | None:
        token = self.shared.read()
        return replace(token, expires_at=EPOCH) if token and token == self.old else token

    def lease(
        self, lease: str, *, instead_of: AccessToken | None, at: datetime, until: datetime
    ) -> bool:
        return self.shared.lease(lease, instead_of=instead_of, at=at, until=until)

    def put(self, token: AccessToken, *, lease: str) -> None:
        self.shared.put(token, lease=lease)
