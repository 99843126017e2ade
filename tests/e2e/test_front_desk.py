"""What API Gateway does for clients before and after the functions."""

import re

import httpx

from local.deployment import Deployment
from tests.e2e.conftest import ORIGIN, SharedStack


def test_a_page_of_an_allowed_origin_may_call_the_api(deployment: Deployment) -> None:
    url, page = f"{deployment.jobs_api_url}/jobs/{'x' * 30}", {"Origin": ORIGIN}
    asked = {
        "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization,if-none-match",
    }
    preflight = httpx.options(url, headers=page | asked)
    assert preflight.is_success
    assert preflight.headers["access-control-allow-origin"] == ORIGIN
    allowed = preflight.headers["access-control-allow-headers"].lower().split(",")
    assert {"authorization", "if-none-match", "idempotency-key"} <= set(allowed)
    assert "HEAD" in preflight.headers["access-control-allow-methods"].split(",")
    key = {"Authorization": f"Bearer {deployment.client_key}"}
    problem = httpx.get(url, headers=page | key)
    assert problem.status_code == 404
    assert problem.headers["access-control-allow-origin"] == ORIGIN
    assert "retry-after" in problem.headers["access-control-expose-headers"].lower().split(",")
    refused = httpx.post(f"{deployment.jobs_api_url}/jobs?dry_run=maybe", headers=page | key)
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (400, ORIGIN)
    for other in ("https://elsewhere.example", f"{ORIGIN}.evil.example"):
        refused = httpx.options(url, headers=asked | {"Origin": other})
        answer = httpx.get(url, headers=key | {"Origin": other})
        for each in (refused, answer):
            assert "access-control-allow-origin" not in each.headers


def test_a_post_tells_what_is_left_of_the_limit(deployment: Deployment) -> None:
    key = {"Authorization": f"Bearer {deployment.client_key}"}
    body = {"model": "bytedance/seedream-v4-text-to-image", "input": {"prompt": "a kite"}}
    url = f"{deployment.jobs_api_url}/jobs?dry_run=true"
    answer = httpx.post(url, headers=key, json=body)
    assert answer.headers["ratelimit-policy"] == '"jobs";q=10000;w=60'
    assert re.fullmatch('"jobs";r=[0-9]+;t=[0-9]+', answer.headers["ratelimit"])


def test_head_and_a_known_job_have_no_body(shared_stack: SharedStack) -> None:
    deployment = shared_stack.deployment
    job_id = shared_stack.examples[0]["job_id"]
    key = {"Authorization": f"Bearer {deployment.client_key}"}
    for path, headers in (("/docs", {}), ("/openapi.json", {}), (f"/jobs/{job_id}", key)):
        url = f"{deployment.jobs_api_url}{path}"
        got, head = httpx.get(url, headers=headers), httpx.head(url, headers=headers)
        assert (head.status_code, head.content) == (got.status_code, b"")
        assert head.headers["content-type"] == got.headers["content-type"]
    answer = httpx.get(url, headers=key)
    again = httpx.get(url, headers=key | {"If-None-Match": answer.headers["etag"]})
    # The job may have gone on, and a link may have been signed anew.
    assert again.status_code in (200, 304)
    assert httpx.get(url, headers=key | {"If-None-Match": "*"}).status_code == 304
