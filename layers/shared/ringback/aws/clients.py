"""How long a call of an AWS service may take: botocore's own limits are 60 s for each attempt."""

from typing import Final

from botocore.config import Config

CONNECT_SECONDS, READ_SECONDS, ATTEMPTS = 1, 3, 3

# One call that hangs in every attempt must leave its function the time to deal with that.
CALL_LIMITS: Final = Config(
    connect_timeout=CONNECT_SECONDS,
    read_timeout=READ_SECONDS,
    retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
)
