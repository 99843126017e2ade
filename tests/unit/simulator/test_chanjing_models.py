"""The simulated Chanjing accepts what the catalogue accepts; each has its own limits."""

import pytest
from ringback.catalogue.models import MODELS

from local.simulator.chanjing.models import errors_of
from tests.support.model_facts import FACTS, good_values, smallest

CODES = [model for model in MODELS if MODELS[model].provider == "chanjing"]


@pytest.mark.parametrize("model", CODES)
def test_every_valid_value_is_accepted(model: str) -> None:
    body = {"model_code": model.removeprefix("chanjing/"), "creation_type": 3, **smallest(model)}
    assert errors_of(body) == []
    for name, fact in FACTS[model].items():
        for value in good_values(fact):
            assert errors_of(body | {name: value}) == [], (name, value)


@pytest.mark.parametrize("model", CODES)
def test_a_field_of_another_model_is_refused(model: str) -> None:
    body = {"model_code": model.removeprefix("chanjing/"), "creation_type": 3, **smallest(model)}
    others = {name for code in CODES for name in FACTS[code]} - FACTS[model].keys()
    for name in others:
        assert errors_of(body | {name: None}) == [f"{name} 参数错误"]
