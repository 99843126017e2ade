"""A stack's secrets that its owner fills, and what names there are in them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError
from ringback.domain.client_keys import MAX_NAME

from local.failures import LocalFailure

if TYPE_CHECKING:
    from types_boto3_secretsmanager import SecretsManagerClient

# Secrets Manager's error for a secret without a value, as the template makes it.
NO_VALUE: Final = "ResourceNotFoundException"


@dataclass(frozen=True, slots=True)
class StoredJson:
    """A secret that is a JSON object with an entry for each client.

    Methods raise botocore's errors. Two people must not change it at the same moment: Secrets
    Manager has no conditional write.
    """

    client: "SecretsManagerClient"
    arn: str

    def read(self) -> dict[str, Any]:
        """Return no entry before the first is stored.

        Raises ``LocalFailure`` if the secret holds anything but a JSON object.
        """
        try:
            text = self.client.get_secret_value(SecretId=self.arn)["SecretString"]
        except ClientError as error:
            if error.response["Error"]["Code"] != NO_VALUE:
                raise
            return {}
        try:
            found = json.loads(text or "{}")
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise LocalFailure(f"{self.arn} is not a JSON object; nothing was changed")
        return found

    def write(self, entries: Mapping[str, Any]) -> None:
        self.client.put_secret_value(SecretId=self.arn, SecretString=json.dumps(entries))


def camel_case(name: str) -> str:
    """Return the name of a provider or function as the template's names begin with it."""
    return "".join(part.capitalize() for part in name.split("_"))


def secret_output(provider: str) -> str:
    """Return the stack's output with the ARN of a provider's secret."""
    return f"{camel_case(provider)}SecretArn"


def checked_name(name: str, *, example: str) -> str:
    """Raise ``LocalFailure`` for a name that is empty, too long, or easily mistyped."""
    if not name.strip():
        raise LocalFailure(f"name the client: {example}")
    if name != name.strip() or not name.isprintable() or len(name) > MAX_NAME:
        raise LocalFailure(
            f"a client's name has at most {MAX_NAME} printable characters and no space around it"
        )
    return name
