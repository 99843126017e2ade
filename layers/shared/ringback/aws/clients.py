"""The clients of AWS's services, and how long their calls may take.

They are botocore's: boto3 would add its transfers of files, which take longer to load than all of
Ringback and which no function needs.

botocore's own limits are 60 s to connect and 60 s to read, for each attempt. A call that hangs in
every attempt must leave its function the time to deal with that.
"""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from botocore.config import Config
from botocore.credentials import CredentialResolver, Credentials, EnvProvider
from botocore.exceptions import NoCredentialsError
from botocore.httpsession import DEFAULT_CA_BUNDLE
from botocore.session import Session

from ringback.domain.version import USER_AGENT

if TYPE_CHECKING:
    from types_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_events import EventBridgeClient
    from types_boto3_s3 import S3Client
    from types_boto3_secretsmanager import SecretsManagerClient
    from types_boto3_sqs import SQSClient


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLimits:
    """Seconds to connect and to wait for each part of an answer, in each attempt."""

    connect: int
    read: int
    attempts: int

    @property
    def longest(self) -> float:
        """The seconds that a call takes if every attempt hangs.

        Before the nth repeat, botocore waits for up to 2 ** (n - 1) s, 20 s at most
        (botocore/retries/standard.py, ExponentialBackoff).
        """
        pauses: int = sum(min(1 << repeat, 20) for repeat in range(self.attempts - 1))
        return self.attempts * (self.connect + self.read) + pauses

    def config(self, **more: Any) -> Config:
        return Config(
            connect_timeout=self.connect,
            read_timeout=self.read,
            retries={"mode": "standard", "total_max_attempts": self.attempts},
            # botocore puts its own together anew for each call, twice: a tenth of the call's CPU.
            user_agent=USER_AGENT,
            **more,
        )


CALLS: Final = CallLimits(connect=2, read=4, attempts=2)
# API Gateway waits 10 s for an authorizer.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
AUTHORIZER_CALLS: Final = CallLimits(connect=2, read=4, attempts=1)
# Of live connections, of which there may be many: one that hangs is closed.
LIVE_CALLS: Final = CallLimits(connect=1, read=2, attempts=2)
# Whole images: docs/decisions/0014.
TRANSFERS: Final = CallLimits(connect=5, read=15, attempts=3)


# These services check all that they are sent. S3 does not: without a key, an object's address is
# the bucket's. The tests' clients check everything (tests/support/lambdas.py).
_UNCHECKED: Final = {"parameter_validation": False}
# What a client's configuration has beside its limits.
_MORE: Final[dict[str, dict[str, Any]]] = {
    "dynamodb": _UNCHECKED,
    "sqs": _UNCHECKED,
    "s3": {
        "signature_version": "s3v4",
        "s3": {
            # Otherwise links use S3's global endpoint, which redirects requests for new buckets in
            # most regions, and a redirect makes the signature invalid.
            "addressing_style": "virtual",
            # In us-east-1 as well, where botocore would take the global one.
            "us_east_1_regional_endpoint": "regional",
            # The checksum header is signed; signing the payload as well would hash it twice.
            "payload_signing_enabled": False,
        },
    },
}


def dynamodb_client() -> "DynamoDBClient":
    client: DynamoDBClient = shared_client("dynamodb", CALLS)
    return client


def sqs_client() -> "SQSClient":
    client: SQSClient = shared_client("sqs", CALLS)
    return client


def events_client() -> "EventBridgeClient":
    client: EventBridgeClient = shared_client("events", CALLS)
    return client


def connections_client(url: str) -> "ApiGatewayManagementApiClient":
    """``url`` is that of the WebSocket API's stage, with https."""
    client: ApiGatewayManagementApiClient
    client = shared_client("apigatewaymanagementapi", LIVE_CALLS, url)
    return client


def secrets_client(limits: CallLimits = CALLS) -> "SecretsManagerClient":
    client: SecretsManagerClient = shared_client("secretsmanager", limits)
    return client


def s3_client(limits: CallLimits = CALLS) -> "S3Client":
    client: S3Client = shared_client("s3", limits)
    return client


def credentials() -> Credentials:
    """Return what all clients sign with. Raises ``NoCredentialsError``."""
    found = _session().get_credentials()
    if found is None:
        raise NoCredentialsError
    return found


@cache
def shared_client(service: str, limits: CallLimits, url: str | None = None) -> Any:
    """Return the only client for these arguments: making one takes longer than many events.

    Threads may share a client, but not make one at the same time.
    """
    session, config = _session(), config_of(service, limits)
    return session.create_client(
        service, config=config, endpoint_url=url, verify=_certificates(session)
    )


def config_of(service: str, limits: CallLimits) -> Config:
    return limits.config(**_MORE.get(service, {}))


def _certificates(session: Session) -> str | None:
    """Return the bundle of botocore itself, from which the layer's build leaves Amazon's roots.

    ``None`` stands for what botocore uses by default: certifi's bundle. In China, AWS is run by
    others, and Amazon doesn't say that it has the same roots.
    """
    variable = session.get_config_variable
    is_chosen = variable("ca_bundle") or (variable("region") or "").startswith("cn-")
    return None if is_chosen else DEFAULT_CA_BUNDLE


@cache
def _session() -> Session:
    session = Session()
    # Where Lambda has a function's credentials. Of the other places that botocore looks at, two
    # have a TLS context each. https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
    session.register_component("credential_provider", CredentialResolver([EnvProvider()]))
    return session
