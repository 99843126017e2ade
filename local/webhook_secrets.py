"""Create or rotate the secret that signs a client's webhooks: ``make webhook-secret NAME=studio``.

The stack keeps the secrets of all clients in one secret, by client name: one for each client, two
during a rotation, when webhooks have a signature of each. This changes the entry of one client. A
new secret is printed once, to stdout. With a URL, the client's jobs that name no ``callBackUrl``
are told to it. A job may have webhooks only if its client has a secret.
"""

import argparse
import os
import sys
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError
from ringback.aws.receivers import ReceiverTable, WebhookClientTable
from ringback.catalogue.public_urls import check_public
from ringback.domain.errors import AddressRefused
from ringback.domain.receivers import ClientWebhooks
from ringback.domain.webhooks import host_of
from ringback.use_cases.deliveries import SwitchOn

from local.chosen_stack import Stack, add_stack_arguments, add_switch, chosen_stack
from local.failures import LocalFailure
from local.owner_secrets import StoredJson, checked_name
from local.ports import LOOPBACK, ports_from_environment
from local.webhooks import new_secret

OUTPUT: Final = "WebhookSecretArn"
TABLE: Final = "JobsTableName"
EXAMPLE: Final = "make webhook-secret NAME=studio"


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhooks:
    """One stack's webhook secrets and receivers."""

    stored: StoredJson
    clients: WebhookClientTable
    switch_on: SwitchOn

    def create(self, client: str, *, rotate: bool) -> str:
        """Return a new secret. The one before stays valid beside it.

        Raises ``LocalFailure`` if the client has a secret and it is not to be rotated.
        """
        entries = self.stored.read()
        before = _listed(entries.get(client))
        if before and not rotate:
            raise LocalFailure(f"client {client!r} has a webhook secret already; ROTATE=1 adds one")
        secret = new_secret()
        self.stored.write({**entries, client: [secret, *before[:1]]})
        return secret

    def end_rotation(self, client: str) -> None:
        """Keep the newest secret only. Raises ``LocalFailure`` if the client has none."""
        entries = self.stored.read()
        if not (listed := _listed(entries.get(client))):
            raise LocalFailure(f"client {client!r} has no webhook secret")
        self.stored.write({**entries, client: listed[:1]})

    def record(self, client: str, url: str | None) -> None:
        """Let jobs of the client have webhooks; without a URL, its receiver stays as it is."""
        known = self.clients.read(client)
        url_before = known.url if known else None
        self.clients.put(ClientWebhooks(client=client, url=url or url_before))
        if url:
            self.switch_on(client, host_of(url))


def main(words: Sequence[str]) -> int:
    given = _parser().parse_args(words)
    try:
        client = checked_name(given.name, example=EXAMPLE)
        hosts = [f"{LOOPBACK}:{ports_from_environment().simulator}"] if given.local else []
        url = checked_url(given.url, plain_http_hosts=hosts) if given.url else None
        webhooks = webhooks_of(chosen_stack(given))
        change(webhooks, client, url=url, rotate=given.rotate, end_rotation=given.end_rotation)
    except (BotoCoreError, ClientError, LocalFailure) as error:
        print(f"webhook-secret: {error}", file=sys.stderr)
        return 1
    return 0


def change(
    webhooks: Webhooks, client: str, *, url: str | None, rotate: bool, end_rotation: bool
) -> None:
    """Print a new secret, unless only the receiver is changed, or a rotation ended."""
    has_secret = bool(_listed(webhooks.stored.read().get(client)))
    if end_rotation:
        webhooks.end_rotation(client)
        _note(f"Client {client!r} has one webhook secret, the newest.")
    elif rotate or not (has_secret and url):
        secret = webhooks.create(client, rotate=rotate)
        _note(f"The new webhook secret of client {client!r}. It is not shown again:")
        print(secret)
        if rotate:
            _note(f"The one before is valid as well until {EXAMPLE} END_ROTATION=1.")
    # Last: a job with a receiver must not be accepted before there is a secret.
    webhooks.record(client, url)
    if url:
        _note(f"Jobs of client {client!r} without a callBackUrl are told to {url}.")


def checked_url(url: str, *, plain_http_hosts: Collection[str]) -> str:
    try:
        check_public(url, plain_http_hosts=plain_http_hosts)
    except AddressRefused as error:
        raise LocalFailure(f"URL must be a public https:// URL: {error}") from error
    return url


def webhooks_of(stack: Stack) -> Webhooks:
    items, table = stack.client("dynamodb"), stack.output(TABLE)
    return Webhooks(
        stored=StoredJson(stack.client("secretsmanager"), stack.output(OUTPUT)),
        clients=WebhookClientTable(items, table),
        switch_on=SwitchOn(receivers=ReceiverTable(items, table)),
    )


def _listed(entry: object) -> list[object]:
    return entry if isinstance(entry, list) else [entry] if entry else []


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local.webhook_secrets", description=__doc__)
    parser.add_argument("--name", default=os.environ.get("NAME", ""), help="the client (NAME)")
    parser.add_argument("--url", default=os.environ.get("URL", ""), help="its receiver (URL)")
    add_stack_arguments(parser)
    add_switch(parser, "ROTATE", "add a secret; the one before stays valid")
    add_switch(parser, "END_ROTATION", "keep the newest secret only")
    return parser


def _note(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
