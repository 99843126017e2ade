"""Every route asks for its scope itself: API Gateway remembers a consent by the key alone."""

import json
from typing import Any, Final

import pytest
from ringback.domain.client_keys import LIVE, NEEDED, Scope

from tests.support.aws import Cloud
from tests.support.client_keys import scoped
from tests.support.lambdas import EVENTS, Lambdas, an_event
from tests.support.provider_apis import HASHES, STUDIO_KEY
from tests.support.template import resources

# A recorded event of every route that the authorizer guards, by route.
RECORDED: Final = {
    event["routeKey"]: (path.parent.name, path.stem)
    for path in sorted(EVENTS.glob("*/*.json"))
    if "authorizer" in (event := json.loads(path.read_text())).get("requestContext", {})
}
# A recorded call of every route that checks the key itself.
OF_PROVIDERS: Final = {
    an_event("serve_provider_apis", path.stem)["routeKey"]: path.stem
    for path in sorted((EVENTS / "serve_provider_apis").glob("*.json"))
}
BY_PROVIDER: Final = sorted(OF_PROVIDERS.keys() & NEEDED.keys())


def with_scopes(event: dict[str, Any], *scopes: str) -> dict[str, Any]:
    context = event["requestContext"]
    lambda_context = context["authorizer"]["lambda"] | {"scopes": " ".join(scopes)}
    return event | {"requestContext": context | {"authorizer": {"lambda": lambda_context}}}


def test_every_route_with_a_key_is_in_the_table() -> None:
    """And nothing else: access tokens, the API's description and the callbacks need no scope."""
    open_routes = {"POST /open/v1/access_token", "GET /openapi.json", "GET /docs"}
    assert NEEDED.keys() == template_routes() - open_routes | {LIVE}
    assert RECORDED.keys() | OF_PROVIDERS.keys() == template_routes() - open_routes | {
        "POST /open/v1/access_token"
    }


def template_routes() -> set[str]:
    return {
        f"{event['Method']} {event['Path']}" if "Path" in event else "$default"
        for function in resources("AWS::Serverless::Function").values()
        for each in function.get("Events", {}).values()
        if (event := each["Properties"]).get("ApiId") == {"Ref": "JobsApi"}
        and event.get("Method") not in ("HEAD", "OPTIONS")
    }


@pytest.mark.parametrize("route", [route for route in RECORDED if route.startswith("GET ")])
def test_head_is_answered_like_get(lambdas: Lambdas, route: str) -> None:
    function, case = RECORDED[route]
    event = an_event(function, case)
    head = lambdas(function, event | {"routeKey": route.replace("GET", "HEAD")})
    get = lambdas(function, event)
    assert (head["statusCode"], head["headers"]) == (get["statusCode"], get["headers"])


def test_head_asks_for_the_scope_of_get(lambdas: Lambdas) -> None:
    event = an_event("query_jobs", "page") | {"routeKey": "HEAD /jobs"}
    assert lambdas("query_jobs", with_scopes(event, Scope.READ))["statusCode"] == 200
    assert lambdas("query_jobs", with_scopes(event, Scope.WRITE))["statusCode"] == 403


@pytest.mark.parametrize("route", RECORDED)
def test_a_route_refuses_a_key_with_every_other_scope(lambdas: Lambdas, route: str) -> None:
    function, case = RECORDED[route]
    others = sorted(set(Scope) - {NEEDED[route]})
    reply = lambdas(function, with_scopes(an_event(function, case), *others))
    problem = json.loads(reply["body"])
    assert (reply["statusCode"], problem["type"]) == (403, "/docs#missing-scope")
    assert f"`{NEEDED[route]}`" in problem["detail"]
    assert lambdas.written() == []


@pytest.mark.parametrize("route", RECORDED)
def test_a_route_takes_a_key_with_its_scope_alone(lambdas: Lambdas, route: str) -> None:
    function, case = RECORDED[route]
    reply = lambdas(function, with_scopes(an_event(function, case), NEEDED[route]))
    assert reply["statusCode"] not in (401, 403)


def test_a_consent_from_before_scopes_reads_and_writes(lambdas: Lambdas) -> None:
    """API Gateway may remember one for minutes after an upgrade."""
    for route, status in (("GET /jobs", 200), ("POST /providers/{name}/resume", 403)):
        function, case = RECORDED[route]
        event = an_event(function, case)
        del event["requestContext"]["authorizer"]["lambda"]["scopes"]
        assert lambdas(function, event)["statusCode"] == status


def call_with(lambdas: Lambdas, route: str, *scopes: str) -> dict[str, Any]:
    secret = scoped("studio", HASHES["studio"], *scopes)
    lambdas.cloud.put_secret(lambdas.cloud.client_keys_secret, secret)
    event = an_event("serve_provider_apis", OF_PROVIDERS[route])
    given = {"authorization": f"Bearer {STUDIO_KEY}", "access_token": STUDIO_KEY}
    reply = lambdas("serve_provider_apis", event | {"headers": event["headers"] | given})
    body: dict[str, Any] = json.loads(reply["body"])
    return body


@pytest.mark.parametrize("route", BY_PROVIDER)
def test_a_provider_s_route_refuses_a_key_without_its_scope(
    cloud: Cloud, lambdas: Lambdas, route: str
) -> None:
    assert call_with(lambdas, route, *sorted(set(Scope) - {NEEDED[route]}))["code"] in (401, 10400)
    assert lambdas.written() == []


@pytest.mark.parametrize("route", BY_PROVIDER)
def test_a_provider_s_route_takes_a_key_with_its_scope_alone(lambdas: Lambdas, route: str) -> None:
    assert call_with(lambdas, route, NEEDED[route])["code"] not in (401, 10400)
