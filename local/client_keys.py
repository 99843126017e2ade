"""Create, replace or revoke a client's API key: ``make key CLIENT=studio``.

The stack keeps the SHA-256 of every client's key, by client name, in one secret. This changes the
entry of one client and leaves the others as they are. The key itself is printed once, to stdout,
and stored nowhere. Two people must not run it at the same moment: Secrets Manager has no
conditional write.
"""

import argparse
import hashlib
import os
import secrets
import sys
from collections.abc import Mapping, Sequence
from typing import Final

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from local.failures import LocalFailure
from local.owner_secrets import STACK, StoredJson, checked_name, output_of

OUTPUT: Final = "ClientKeysSecretArn"
KEY_BYTES: Final = 32

Hashes = Mapping[str, str]


def main(words: Sequence[str]) -> int:
    given = _parser().parse_args(words)
    try:
        client = checked_name(given.client, example="make key CLIENT=studio")
        session = boto3.Session()
        arn = output_of(session.client("cloudformation"), given.stack, OUTPUT)
        stored = StoredJson(session.client("secretsmanager"), arn)
        if given.revoke:
            revoke(stored, client)
        else:
            print(create(stored, client, replace=given.replace))
    except (BotoCoreError, ClientError, LocalFailure) as error:
        print(f"key: {error}", file=sys.stderr)
        return 1
    return 0


def create(stored: StoredJson, client: str, *, replace: bool) -> str:
    """Store the hash of a new key and return the key."""
    key = f"rb_{secrets.token_urlsafe(KEY_BYTES)}"
    digest = hashlib.sha256(key.encode()).hexdigest()
    stored.write(with_hash(stored.read(), client, digest, replace=replace))
    _note(f"The new key of client {client!r}. It works now and is not shown again:")
    return key


def revoke(stored: StoredJson, client: str) -> None:
    stored.write(without(stored.read(), client))
    _note(f"The key of client {client!r} is revoked. It may still work for up to six minutes.")


def with_hash(hashes: Hashes, client: str, digest: str, *, replace: bool) -> dict[str, str]:
    """Raise ``LocalFailure`` if the client has a key that is not to be replaced."""
    if client in hashes and not replace:
        raise LocalFailure(f"client {client!r} has a key already; REPLACE=1 replaces it")
    return {**hashes, client: digest}


def without(hashes: Hashes, client: str) -> dict[str, str]:
    """Raise ``LocalFailure`` if the client has no key."""
    if client not in hashes:
        known = ", ".join(sorted(hashes)) or "none"
        raise LocalFailure(f"client {client!r} has no key; clients with a key: {known}")
    return {name: digest for name, digest in hashes.items() if name != client}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local.client_keys", description=__doc__)
    parser.add_argument("--client", default=os.environ.get("CLIENT", ""), help="its name (CLIENT)")
    parser.add_argument(
        "--stack",
        default=os.environ.get("STACK") or STACK,
        help=f"the CloudFormation stack (STACK; {STACK} by default)",
    )
    parser.add_argument(
        "--replace",
        action="store_true",
        default=_is_set("REPLACE"),
        help="replace a key that the client has (REPLACE=1)",
    )
    parser.add_argument(
        "--revoke",
        action="store_true",
        default=_is_set("REVOKE"),
        help="take the client's key away (REVOKE=1)",
    )
    return parser


def _is_set(name: str) -> bool:
    return os.environ.get(name, "") not in ("", "0")


def _note(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
