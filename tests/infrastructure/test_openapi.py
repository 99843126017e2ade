"""The description of the API says what the code does, and every example in it works."""

import json
import re
from base64 import b64encode
from hashlib import sha256
from typing import Any

import pytest
from ringback.catalogue.models import MODELS
from ringback.catalogue.requests import read_request
from ringback.http_api.api_docs import description, docs_page
from ringback.http_api.problems import PROBLEMS

from local.openapi.__main__ import files, stale
from local.openapi.operations import OPERATIONS
from local.openapi.page import page_of
from tests.support.openapi import described, undescribed

EXAMPLES: dict[str, Any] = described()["paths"]["/jobs"]["post"]["requestBody"]["content"][
    "application/json"
]["examples"]


def test_what_is_checked_in_is_what_the_code_says() -> None:
    assert stale() == []
    assert {path.name for path in files()} == {"openapi.json", "docs.html", "errors.md"}


def test_a_route_that_is_not_described_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    less = {route: each for route, each in OPERATIONS.items() if route != "GET /jobs"}
    monkeypatch.setattr("local.openapi.document.OPERATIONS", less)
    with pytest.raises(ValueError, match="GET /jobs"):
        stale()


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_is_a_request_that_is_accepted(name: str) -> None:
    sent = EXAMPLES[name]["value"]
    assert read_request(sent).model == sent["model"]


def test_every_model_has_a_schema() -> None:
    schemas = described()["components"]["schemas"]
    mapping = schemas["request"]["discriminator"]["mapping"]
    assert mapping.keys() == MODELS.keys()
    for model, to in mapping.items():
        assert schemas[to.rpartition("/")[2]]["properties"]["model"]["const"] == model


def test_what_is_not_described_is_noticed() -> None:
    known = {"statusCode": 404, "headers": {"content-type": "application/problem+json"}}
    body = {"type": "/docs#x", "title": "t", "status": 404, "detail": "d"}
    assert undescribed("GET /jobs/{job_id}", known | {"body": json.dumps(body)}) == []
    assert undescribed("GET /jobs/{job_id}", known | {"body": json.dumps(body | {"x": 1})})
    assert undescribed("GET /jobs/{job_id}", known | {"statusCode": 418, "body": "{}"})


def test_every_problem_leads_to_a_section_of_the_page() -> None:
    ids = set(re.findall(r"id='([^']+)'", docs_page({})["body"]))
    for problem in PROBLEMS.values():
        path, _, section = problem.type.partition("#")
        assert (path, section in ids) == ("/docs", True)


def test_the_page_runs_and_loads_nothing() -> None:
    reply = docs_page({})
    policy = reply["headers"]["content-security-policy"]
    (style,) = re.findall(r"<style>(.*?)</style>", reply["body"], re.DOTALL)
    digest = b64encode(sha256(style.encode()).digest()).decode()
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none';"
        " frame-ancestors 'none'"
    )
    for loads in ("<script", "<img", "<link", " src=", " style=", " on", "url("):
        assert loads not in re.sub(r">[^<]*<", "><", reply["body"])


def test_what_the_page_shows_is_text() -> None:
    hostile = "<script>alert(1)</script>"
    document = json.loads(description({})["body"])
    document["paths"]["/jobs"]["get"]["summary"] = hostile
    document["components"]["schemas"]["job"]["description"] = hostile
    page = page_of(document)
    assert hostile not in page
    assert page.count("&lt;script&gt;alert(1)") == 2
