"""What the local AWS is told of an HTTP API, beside what its OpenAPI body says."""

import pytest

from local.http_api import cors_rules
from local.paths import ROOT

TEMPLATE = (ROOT / "template.yaml").read_text()


@pytest.mark.parametrize("given", ["https://a.example", "http://127.0.0.1:8080,https://a.example"])
def test_the_template_s_cors_rules_are_made_of_parameters(given: str) -> None:
    rules = cors_rules("JobsApi", TEMPLATE, {"AllowedOrigins": given})
    assert rules["AllowOrigins"] == given.split(",")
    assert rules["MaxAge"] == 600


def test_by_default_the_studio_alone_may_call_an_api() -> None:
    """Its address on AWS is not known here."""
    assert not any(cors_rules("JobsApi", TEMPLATE, {})["AllowOrigins"])
    assert cors_rules("CallbackApi", TEMPLATE, {}) == {}
