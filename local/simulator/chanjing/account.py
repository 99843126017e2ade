"""An account with the simulated Chanjing."""

import secrets

from local.simulator.accounts import Account


def new_account() -> Account:
    app_id, secret_key = secrets.token_hex(4), secrets.token_hex(16)
    return Account(
        provider="chanjing",
        path="/open-api",
        secret={"app_id": app_id, "secret_key": secret_key},
        options={"chanjing-app-id": app_id, "chanjing-secret-key": secret_key},
    )
