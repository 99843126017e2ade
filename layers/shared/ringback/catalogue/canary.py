"""The canary's model: of its own client, and in nobody's list of models."""

from datetime import date
from typing import Final

from ringback.catalogue.model_input import ModelInput
from ringback.catalogue.models import Models
from ringback.domain import canary


class CanaryInput(ModelInput):
    model_id = canary.MODEL
    provider = canary.PROVIDER
    description = "The deployment's own test picture."
    documentation = "docs/operate.md"
    checked_on = date(2026, 11, 27)


# All that the canary can ask for, so that it can't spend a credit.
CANARY_MODELS: Final[Models] = {CanaryInput.model_id: CanaryInput}
