"""A client's account: what it depends on and has used; its receivers switched on again."""

import os
from collections.abc import Callable, Mapping
from functools import cache, partial
from http import HTTPStatus

from ringback.starting import Event, LambdaContext, Logger, start
from ringback.aws.accounts import AccountTable
from ringback.aws.job_keys import JobKeyIndex
from ringback.aws.job_table import JobTable
from ringback.aws.receivers import ReceiverTable, WebhookClientTable
from ringback.domain.clock import utc_now
from ringback.domain.errors import RequestRefused
from ringback.http_api.account import client_account_body, listed_body
from ringback.http_api.replies import Reply, problem, reply
from ringback.http_api.requests import client_name, key_scopes, route_of
from ringback.http_api.usage import usage_reply
from ringback.providers.registry import EXTERNAL
from ringback.settings import ManageAccountSettings
from ringback.use_cases.client_account import ClientAccount
from ringback.use_cases.sum_usage import SumUsage

logger = Logger(service="manage_account")


@cache
def routes() -> Mapping[str, Callable[[Event, str], Reply]]:
    table = ManageAccountSettings.from_environ(os.environ).jobs_table
    account = ClientAccount(
        accounts=AccountTable.connect(table),
        providers=EXTERNAL,
        clients=WebhookClientTable.connect(table),
        receivers=ReceiverTable.connect(table),
    )
    usage = SumUsage(jobs=JobTable.connect(table), keys=JobKeyIndex.connect(table))
    return {
        "GET /account": partial(show, account),
        "GET /usage": partial(usage_reply, usage),
        "POST /account/receivers/{id}/resume": partial(resume, account),
    }


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: Event, context: LambdaContext) -> Reply:
    try:
        return routes()[route_of(event)](event, client_name(event))
    except RequestRefused as error:
        return problem(error)


def show(account: ClientAccount, event: Event, client: str) -> Reply:
    accounts, receivers = account.provider_accounts(), account.receivers_of(client)
    body = client_account_body(client, key_scopes(event), accounts, receivers, at=utc_now())
    return reply(HTTPStatus.OK, body)


def resume(account: ClientAccount, event: Event, client: str) -> Reply:
    listed = account.resume(client, event["pathParameters"]["id"])
    logger.info("receiver switched on", extra={"receiver": listed.receiver.host})
    return reply(HTTPStatus.OK, listed_body(listed))


start(os.environ, routes)
