"""An account with the simulated kie.ai."""

import secrets

from local.simulator.accounts import Account


def new_account() -> Account:
    api_key, hmac_key = secrets.token_hex(16), secrets.token_hex(32)
    return Account(
        provider="kie",
        secret={"api_key": api_key, "webhook_hmac_keys": [hmac_key]},
        options={"kie-api-key": api_key, "kie-hmac-key": hmac_key},
    )
