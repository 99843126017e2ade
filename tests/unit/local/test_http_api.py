"""What the local AWS is told of an HTTP API, beside what its OpenAPI body says."""

from typing import Any

import pytest

from local.failures import LocalFailure
from local.http_api import CORS, check_processed, cors_rules
from local.paths import ROOT
from local.template import NO_VALUE

TEMPLATE = (ROOT / "template.yaml").read_text()


@pytest.mark.parametrize("given", ["https://a.example", "http://127.0.0.1:8080,https://a.example"])
def test_the_template_s_cors_rules_are_made_of_parameters(given: str) -> None:
    rules = cors_rules("JobsApi", TEMPLATE, {"AllowedOrigins": given})
    assert rules["AllowOrigins"] == given.split(",")
    assert rules["MaxAge"] == 600


def test_by_default_the_studio_alone_may_call_an_api() -> None:
    """Its address on AWS is not known here."""
    assert not any(cors_rules("JobsApi", TEMPLATE, {})["AllowOrigins"])
    for api in ("CallbackApi", "ServerlessHttpApi"):
        assert cors_rules(api, TEMPLATE, {}) == {}
    assert cors_rules("JobsApi", TEMPLATE, {"Studio": "false"}) == {}


PROCESSED: dict[str, Any] = {"Parameters": {}, "Conditions": {"Yes": {"Fn::Equals": ["1", "1"]}}}
RULES = {"AllowOrigins": ["https://a.example"], "MaxAge": 600}
WRITTEN = {"allowOrigins": {"Fn::Split": [",", "https://a.example"]}, "maxAge": 600}


def test_rules_that_sam_passes_on_are_set() -> None:
    for written in (WRITTEN, {"Fn::If": ["Yes", WRITTEN, NO_VALUE]}):
        check_processed(RULES, {CORS: written}, {}, PROCESSED)
    check_processed({}, {}, {}, PROCESSED)


@pytest.mark.parametrize(
    "body", [{CORS: WRITTEN["allowOrigins"]}, {CORS: {"allowOrigins": ["https://a.example"]}}, {}]
)
def test_rules_that_sam_drops_are_noticed(body: dict[str, Any]) -> None:
    """It takes an intrinsic function under AllowOrigins for the whole of the rules."""
    with pytest.raises(LocalFailure, match="SAM makes"):
        check_processed(RULES, body, {}, PROCESSED)
