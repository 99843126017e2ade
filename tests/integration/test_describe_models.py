"""GET /models and GET /models/{model_id}, with whole events."""

import json
from typing import Any

import pytest
from ringback.catalogue.models import unknown_model

from tests.support.lambdas import Lambdas, an_event, with_headers
from tests.support.model_facts import FACTS


def ask_for(model_id: str) -> dict[str, Any]:
    return an_event("describe_models", "one") | {"pathParameters": {"model_id": model_id}}


def body_of(reply: dict[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(reply["body"])
    return body


def test_all_models_are_listed(lambdas: Lambdas) -> None:
    reply = lambdas("describe_models", an_event("describe_models", "all"))
    assert reply["statusCode"] == 200
    assert reply["headers"]["content-type"] == "application/json"
    listed = body_of(reply)
    assert list(listed) == ["models"]
    assert {model["id"] for model in listed["models"]} == set(FACTS)
    for model in listed["models"]:
        assert body_of(lambdas("describe_models", ask_for(model["id"]))) == model
    assert lambdas.aws_calls == []


def test_a_model_is_shown_with_its_schema(lambdas: Lambdas) -> None:
    reply = lambdas("describe_models", an_event("describe_models", "one"))
    shown = body_of(reply)
    assert reply["statusCode"] == 200
    assert (shown["id"], shown["provider"]) == ("seedream/4.5-edit", "kie")
    assert shown["documentation"] == "https://docs.kie.ai/market/seedream/4-5-edit"
    assert shown["checked_on"] == "2026-08-19"
    assert shown["price"] == {
        "per_image": [{"where": {}, "credits_low": 6.5, "credits_high": 6.5}],
        "credits_per_more_input_image": 0.0,
        "noted_on": "2026-11-26",
        "source": "price table of a kie.ai integrator",
        "is_estimate": True,
    }
    assert shown["input"]["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert shown["input"]["required"] == ["prompt", "image_urls"]
    assert shown["input"]["properties"]["quality"] == {
        "type": "string",
        "enum": ["basic", "high"],
        "default": "basic",
        "description": "basic is 2K, high is 4K.",
    }


def test_a_model_without_a_price_has_null(lambdas: Lambdas) -> None:
    assert body_of(lambdas("describe_models", ask_for("chanjing/kling-v2")))["price"] is None


@pytest.mark.parametrize("model_id", ["", "seedream", "seedream/4.5-edit/", "../jobs", "x" * 5000])
def test_an_unknown_model_gives_404(lambdas: Lambdas, model_id: str) -> None:
    reply = lambdas("describe_models", ask_for(model_id))
    assert reply["statusCode"] == 404
    assert reply["headers"]["content-type"] == "application/problem+json"
    assert body_of(reply) == {
        "type": "/docs#unknown-model",
        "title": "There is no such model.",
        "status": 404,
        "detail": unknown_model(model_id),
    }


def test_an_unknown_route_gives_404_like_anything_unknown(lambdas: Lambdas) -> None:
    reply = lambdas("describe_models", an_event("describe_models", "unknown_route"))
    assert reply["statusCode"] == 404
    assert reply["headers"]["content-type"] == "application/problem+json"
    assert body_of(reply) == {
        "type": "/docs#unknown-route",
        "title": "There is no such route.",
        "status": 404,
        "detail": "Unknown route, or not with this method.",
    }
    assert lambdas.aws_calls == []


@pytest.mark.parametrize("case", ["all", "one", "unknown_route"])
def test_a_request_without_an_authorizer_is_an_error(lambdas: Lambdas, case: str) -> None:
    event = an_event("describe_models", case)
    del event["requestContext"]["authorizer"]
    with pytest.raises(KeyError):
        lambdas("describe_models", event)


@pytest.mark.parametrize(("case", "kind"), [("openapi", "application/json"), ("docs", "text/html")])
def test_the_description_is_for_everybody(lambdas: Lambdas, case: str, kind: str) -> None:
    reply = lambdas("describe_models", an_event("describe_models", case))
    assert reply["statusCode"] == 200
    assert reply["headers"]["content-type"].startswith(kind)
    assert "createJob" in reply["body"]


@pytest.mark.parametrize(("case", "route"), [("docs", "/docs"), ("openapi", "/openapi.json")])
def test_head_has_the_headers_of_get(lambdas: Lambdas, case: str, route: str) -> None:
    event = an_event("describe_models", case)
    head = lambdas("describe_models", event | {"routeKey": f"HEAD {route}"})
    assert head == lambdas("describe_models", event)
    assert head["statusCode"] == 200


@pytest.mark.parametrize("case", ["docs", "openapi"])
def test_the_description_is_not_sent_to_whoever_has_it(lambdas: Lambdas, case: str) -> None:
    event = an_event("describe_models", case)
    first = lambdas("describe_models", event)["headers"]
    known = lambdas("describe_models", with_headers(event, if_none_match=first["etag"]))
    assert known == {
        "statusCode": 304,
        "headers": {name: first[name] for name in ("cache-control", "etag")},
    }
    other = with_headers(event, if_none_match='"' + "0" * 32 + '"')
    assert lambdas("describe_models", other)["statusCode"] == 200


def test_a_preflight_is_answered_without_a_body(lambdas: Lambdas) -> None:
    """What a page may do is for API Gateway to say."""
    reply = lambdas("describe_models", an_event("describe_models", "preflight"))
    assert reply == {"statusCode": 204, "headers": {}}


def test_the_page_is_the_same_whatever_is_asked_of_it(lambdas: Lambdas) -> None:
    """It shows no description from elsewhere and keeps no key: it has no script and no cookie."""
    event = an_event("describe_models", "docs")
    plain = lambdas("describe_models", event)
    elsewhere = {
        "url": "https://elsewhere.example/openapi.json",
        "configUrl": "//elsewhere.example",
    }
    asked = with_headers(event, authorization="Bearer rb-key", cookie="key=rb-key")
    assert lambdas("describe_models", asked | {"queryStringParameters": elsewhere}) == plain
    assert plain["headers"].keys() & {"set-cookie", "clear-site-data"} == set()
    assert "<script" not in plain["body"]
    assert "script-src" not in plain["headers"]["content-security-policy"]
