"""What all models on kie.ai have in common."""

from datetime import date

from ringback.catalogue.model_input import ModelInput


class KieInput(ModelInput):
    """A model's id is kie.ai's own."""

    provider = "kie"
    checked_on = date(2026, 8, 19)
