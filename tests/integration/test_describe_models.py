"""GET /models and GET /models/{model_id}, whole events in."""

import json
from typing import Any

import pytest

from tests.support.lambdas import Lambdas, an_event
from tests.support.model_facts import FACTS


def body_of(reply: dict[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(reply["body"])
    return body


def ask_for(model_id: str) -> dict[str, Any]:
    return an_event("describe_models", "one") | {"pathParameters": {"model_id": model_id}}


def test_every_model_is_listed_and_shown_alike(lambdas: Lambdas) -> None:
    reply = lambdas("describe_models", an_event("describe_models", "all"))
    listed = {model["id"]: model for model in body_of(reply)["models"]}
    assert reply["statusCode"] == 200
    assert listed.keys() == FACTS.keys()
    for model_id, model in listed.items():
        shown = lambdas("describe_models", ask_for(model_id))
        assert (shown["statusCode"], body_of(shown)) == (200, model)
        assert model.keys() == {
            *("id", "provider", "description", "documentation", "checked_on", "input")
        }


@pytest.mark.parametrize("model_id", ["", "seedream", "seedream/4.5-edit/", "SEEDREAM/4.5-edit"])
def test_what_is_no_model_is_not_found(lambdas: Lambdas, model_id: str) -> None:
    reply = lambdas("describe_models", ask_for(model_id))
    assert reply["statusCode"] == 404
    assert reply["headers"]["content-type"] == "application/problem+json"
    assert "GET /models" in body_of(reply)["detail"]


def test_it_touches_nothing(lambdas: Lambdas) -> None:
    lambdas("describe_models", an_event("describe_models", "all"))
    assert lambdas.aws_calls == []
