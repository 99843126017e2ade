"""GET /account, GET /usage and POST /account/receivers/{id}/resume, with whole events."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

from ringback.aws.accounts import AccountTable
from ringback.aws.job_table import JobTable
from ringback.aws.receivers import ReceiverTable, WebhookClientTable
from ringback.domain.accounts import Balance
from ringback.domain.jobs import JobStatus
from ringback.domain.receivers import ClientWebhooks, OffReason, Receiver

from tests.support.aws import Cloud
from tests.support.jobs import NOON, a_job, a_stored_image
from tests.support.lambdas import Lambdas, an_event

HOST = "studio.example"


def show(lambdas: Lambdas) -> dict[str, Any]:
    reply = lambdas("manage_account", an_event("manage_account", "account"))
    assert reply["statusCode"] == 200
    body: dict[str, Any] = json.loads(reply["body"])
    return body


def resume(lambdas: Lambdas, host: str = HOST) -> dict[str, Any]:
    event = an_event("manage_account", "resume") | {"pathParameters": {"id": host}}
    return lambdas("manage_account", event)


def test_an_account_shows_what_lies_in_the_table(cloud: Cloud, lambdas: Lambdas) -> None:
    AccountTable.connect(cloud.table).note_balance("kie", Balance(Decimal("99.5"), NOON))
    body = show(lambdas)
    assert (body["client"], body["scopes"]) == ("studio", ["jobs:read", "jobs:write"])
    credits = {each["name"]: each["credits"] for each in body["providers"]}
    assert credits == {"kie": 99.5, "chanjing": None}
    assert body["receivers"] == []


def test_a_receiver_that_is_off_is_listed_and_switched_on(cloud: Cloud, lambdas: Lambdas) -> None:
    url = f"https://{HOST}/hooks?token=hidden"
    WebhookClientTable.connect(cloud.table).put(ClientWebhooks(client="studio", url=url))
    receivers = ReceiverTable.connect(cloud.table)
    for host in (HOST, "jobs.example"):
        receiver = Receiver(client="studio", host=host)
        receivers.failed(receiver, at=NOON, timed_out=False)
        receivers.switch_off(receiver, at=NOON + timedelta(days=5), reason=OffReason.FAILING)
    listed = {each["id"]: each for each in show(lambdas)["receivers"]}
    assert {host: each["state"] for host, each in listed.items()} == {
        HOST: "off",
        "jobs.example": "off",
    }
    assert "hidden" not in json.dumps(listed)
    reply = resume(lambdas)
    assert (reply["statusCode"], json.loads(reply["body"])["state"]) == (200, "on")
    assert receivers.read("studio", HOST).is_new
    assert {each["id"]: each["state"] for each in show(lambdas)["receivers"]} == {
        HOST: "on",
        "jobs.example": "off",
    }


def test_an_unknown_receiver_is_not_resumed(lambdas: Lambdas) -> None:
    reply = resume(lambdas)
    assert (reply["statusCode"], json.loads(reply["body"])["type"]) == (
        404,
        "/docs#unknown-receiver",
    )


def usage(lambdas: Lambdas, scopes: str = "jobs:read", **query: str) -> dict[str, Any]:
    event = an_event("manage_account", "usage") | {"queryStringParameters": query}
    event["requestContext"]["authorizer"]["lambda"]["scopes"] = scopes
    return lambdas("manage_account", event)


def test_usage_is_summed_up_by_day_and_for_those_who_may_by_client(
    cloud: Cloud, lambdas: Lambdas
) -> None:
    table, image = JobTable.connect(cloud.table), a_stored_image()
    done = {"images": (image,), "credits": Decimal("3.5")}
    table.create(a_job(JobStatus.SUCCEEDED, number=1, **done))
    table.create(a_job(JobStatus.EXPIRED, number=2))
    table.create(a_job(JobStatus.SUCCEEDED, number=3, client="shop", **done))
    asked = {"from": "2026-09-21", "to": "2026-09-22"}
    own = {"jobs": 2, "succeeded": 1, "failed": 1, "images": 1, "credits": 3.5}
    size = {"bytes": image.facts.bytes}
    reply = usage(lambdas, **asked)
    assert (reply["statusCode"], json.loads(reply["body"])) == (
        200,
        {
            **{"from": "2026-09-21T00:00:00+00:00", "to": "2026-09-22T00:00:00+00:00"},
            **{"by": "day", "usage": [{"day": "2026-09-21", **own, **size}], "cursor": None},
        },
    )
    assert usage(lambdas, by="client", **asked)["statusCode"] == 403
    reply = usage(lambdas, "jobs:read admin", by="client", **asked)
    assert json.loads(reply["body"])["usage"] == [
        {"client": "shop", "jobs": 1, "succeeded": 1, "failed": 0, "images": 1, "credits": 3.5}
        | size,
        {"client": "studio", **own, **size},
    ]
    assert usage(lambdas)["statusCode"] == 400
    assert usage(lambdas, cursor="x", **asked)["statusCode"] == 422
