"""The canary's model is its client's, and its client has no other one."""

import pytest
from ringback.catalogue.image_urls import nothing_dropped
from ringback.catalogue.models import MODELS
from ringback.catalogue.requests import RequestRules
from ringback.domain import canary
from ringback.domain.errors import InvalidRequest

RULES = RequestRules(pass_through=True, find_image=nothing_dropped, plain_http_hosts=())
OWN = {"model": canary.MODEL, "input": {}}


def test_its_client_may_use_its_model() -> None:
    request = RULES(OWN, canary.CLIENT)
    assert (request.model, request.provider, request.input) == (canary.MODEL, "canary", {})
    with pytest.raises(InvalidRequest):
        RULES(OWN | {"input": {"prompt": "a kite"}}, canary.CLIENT)


@pytest.mark.parametrize("client", ["studio", "canary", "ringback.canary2", ""])
def test_nobody_else_gets_a_job_of_its_provider(client: str) -> None:
    strict = RequestRules(pass_through=False, find_image=nothing_dropped, plain_http_hosts=())
    with pytest.raises(InvalidRequest) as refused:
        strict(OWN, client)
    assert [error.field for error in refused.value.errors] == ["model"]
    assert canary.MODEL not in MODELS
    # Other models are kie.ai's, whatever they are called.
    assert RULES(OWN, client).provider == "kie"


@pytest.mark.parametrize("model", [*MODELS, "anything/else"])
def test_its_client_spends_no_credit(model: str) -> None:
    with pytest.raises(InvalidRequest):
        RULES({"model": model, "input": {"prompt": "a kite"}}, canary.CLIENT)
