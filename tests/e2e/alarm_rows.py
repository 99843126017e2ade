"""What makes each alarm of template.yaml ring, and what docs/operate.md says to do about it."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

import httpx
from ringback.domain.clock import utc_now
from ringback.domain.receivers import OFF_AFTER

from local.drop_bucket import drop
from local.stack import CLIENT
from tests.e2e.chains import drop_at_the_end_of_a_chain
from tests.e2e.faults import KIE as MODEL
from tests.e2e.hand_changes import (
    Act,
    after,
    break_handler,
    deny,
    disable,
    enable,
    given_up,
    let_run,
    redrive,
    repeatedly,
    restore_handler,
    stop,
    take_deny_away,
)
from tests.e2e.operator import Operator
from tests.e2e.provider_troubles import (
    call_back,
    forge,
    post,
    read_of_forged,
    refuse_chanjing,
    sign_with_another_key,
    spend_all_credits,
    store_chanjing,
    store_kie_key,
    top_up,
)


@dataclass(frozen=True)
class Row:
    """``use`` shows the trouble while it lasts, and after the remedy that it is over."""

    trouble: Act
    remedy: Act
    use: Act = lambda _: None


def post_told(operator: Operator) -> None:
    post(operator, call_back_url=f"{operator.deployment.simulator_url}/receivers/ok/alarms")


def drop_row(operator: Operator) -> None:
    sheet = f"model,input.prompt\n{MODEL},kite {time.time()}\n"
    drop(operator.deployment, f"requests/{int(time.time())}.csv", sheet.encode())


def try_to_post(operator: Operator) -> None:
    key = {"Authorization": f"Bearer {operator.deployment.client_key}"}
    body = {"model": MODEL, "input": {"prompt": f"a kite {time.time()}"}}
    url = f"{operator.deployment.jobs_api_url}/jobs"
    httpx.post(url, json=body, headers=key, trust_env=False)


def open_studio(operator: Operator) -> None:
    httpx.get(operator.deployment.studio_url, trust_env=False)


def stop_a_loop(operator: Operator) -> None:
    operator.client("lambda").put_function_recursion_config(
        FunctionName=operator.named("SubmitJobFunction"), RecursiveLoop="Terminate"
    )
    drop_at_the_end_of_a_chain(operator.deployment)


def allow_loop(operator: Operator) -> None:
    command = "aws lambda put-function-recursion-config --function-name <name>"
    command += " --recursive-loop Allow"
    operator.follow(command, name=operator.named("SubmitJobFunction"))


def fail_for_days(operator: Operator) -> None:
    """Have a receiver that is gone refuse two jobs, the first of them five days ago."""
    url = f"{operator.deployment.simulator_url}/receivers/gone/for-days"
    post(operator, call_back_url=url)
    key = {"job_id": {"S": f"receiver#{CLIENT}#{urlsplit(url).netloc}"}}
    items, table = operator.client("dynamodb"), operator.deployment.jobs_table
    until = time.monotonic() + 60
    while "given_up" not in (found := items.get_item(TableName=table, Key=key).get("Item", {})):
        assert time.monotonic() < until, found
        time.sleep(0.5)
    since = utc_now() - OFF_AFTER - timedelta(minutes=1)
    items.update_item(
        TableName=table,
        Key=key,
        UpdateExpression="SET failing_since = :since",
        ExpressionAttributeValues={":since": {"N": str(int(since.timestamp() * 1000))}},
    )
    post(operator, call_back_url=url)


def delete_forgotten(operator: Operator) -> None:
    """Have a job deleted whose record's time is over."""
    message = json.dumps({"job_id": "job_01m31xcpg00000000000000000"})
    operator.client("sqs").send_message(QueueUrl=operator.named("DeleteQueue"), MessageBody=message)


def switch_on(operator: Operator) -> None:
    url = f"{operator.deployment.simulator_url}/receivers/ok/for-days"
    operator.follow(
        "make webhook-secret NAME=<client> URL=<url>",
        client=CLIENT,
        url=url,
    )


def run_canary(operator: Operator) -> str:
    return operator.follow(
        "aws lambda invoke --cli-read-timeout 200 --function-name <name of run_canary> /dev/stdout",
        runner=operator.named("RunCanaryFunction"),
    )


def see_canary_well(operator: Operator) -> None:
    assert '"missing_step":null' in run_canary(operator).replace(" ", "")


Dead = tuple[str, str, Act]
DEAD: Final[Sequence[Dead]] = (
    ("Submit", "SubmitJobFunction", post),
    ("Archive", "ArchiveImagesFunction", post),
    ("Thumbnail", "MakeThumbnailsFunction", post),
    ("Delete", "DeleteJobsFunction", delete_forgotten),
    ("Notify", "NotifyClientFunction", post_told),
    ("Drop", "TakeDropsFunction", drop_row),
    ("Summary", "SummarizeDropsFunction", drop_row),
    ("Check", "CheckJobsFunction", lambda operator: post(operator, "[simulate: no_callback]")),
)
ROWS: Final[Mapping[str, Row]] = {
    # Before another job has fetched an access token, which would outlast the secret.
    "ChanjingAccountPausedAlarm": Row(refuse_chanjing, store_chanjing),
    "ForgedCallbacksAlarm": Row(forge, read_of_forged),
    "ThrottlesAlarm": Row(
        stop("ReceiveCallbackFunction"),
        let_run("ReceiveCallbackFunction"),
        repeatedly(call_back),
    ),
    "JobsApiErrorsAlarm": Row(
        deny("AcceptJobFunction"), take_deny_away("AcceptJobFunction"), repeatedly(try_to_post)
    ),
    "CallbackErrorsAlarm": Row(
        break_handler("ReceiveCallbackFunction"),
        restore_handler("ReceiveCallbackFunction"),
        call_back,
    ),
    # A job's own callbacks: a forged one never reaches the table.
    "CallbackApiErrorsAlarm": Row(
        deny("ReceiveCallbackFunction"),
        take_deny_away("ReceiveCallbackFunction"),
        repeatedly(post),
    ),
    "StudioApiErrorsAlarm": Row(
        break_handler("ServeStudioFunction"),
        restore_handler("ServeStudioFunction"),
        repeatedly(open_studio),
    ),
    "SubmitAgeAlarm": Row(disable("SubmitJobFunctionTurn"), enable("SubmitJobFunctionTurn"), post),
    "ArchiveAgeAlarm": Row(
        disable("ArchiveImagesFunctionArchive"), enable("ArchiveImagesFunctionArchive"), post
    ),
    "NotifyAgeAlarm": Row(
        disable("NotifyClientFunctionNotify"), enable("NotifyClientFunctionNotify"), post_told
    ),
    "IteratorAgeAlarm": Row(stop("PublishEventsFunction"), let_run("PublishEventsFunction"), post),
    "DroppedRecursionsAlarm": Row(stop_a_loop, allow_loop),
    "ReceiverSwitchedOffAlarm": Row(fail_for_days, switch_on),
    "CanaryAlarm": Row(
        deny("AcceptJobFunction"),
        after(take_deny_away("AcceptJobFunction"), see_canary_well),
        run_canary,
    ),
    **{
        f"{queue}DeadLettersAlarm": Row(given_up(queue, function, act), redrive(queue, function))
        for queue, function, act in DEAD
    },
    "MissedCallbacksAlarm": Row(sign_with_another_key, store_kie_key),
    # Last: their messages stay in the queue for 450 seconds, and have an age.
    "SubmitErrorsAlarm": Row(
        break_handler("SubmitJobFunction"), restore_handler("SubmitJobFunction"), post
    ),
    "SubmitFailuresAlarm": Row(
        deny("SubmitJobFunction"), take_deny_away("SubmitJobFunction"), repeatedly(post)
    ),
    "KieAccountPausedAlarm": Row(spend_all_credits, top_up),
    "KieCreditsAlarm": Row(spend_all_credits, top_up),
}
