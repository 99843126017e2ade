"""What makes each alarm of template.yaml ring, and what docs/operate.md says to do about it."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
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
from tests.e2e.faults import CHANJING
from tests.e2e.faults import KIE as MODEL
from tests.e2e.operator import PERIOD, Operator

RICH: Final = 1_000_000
DENY: Final = {"Version": "2012-10-17"}
ADDED: Final = "added-by-hand"
Act = Callable[[Operator], object]


@dataclass(frozen=True)
class Row:
    """``use`` shows the trouble while it lasts, and after the remedy that it is over."""

    trouble: Act
    remedy: Act
    use: Act = lambda _: None


def post(operator: Operator, fault: str = "", **given: str) -> None:
    operator.jobs_api.submit(MODEL, {"prompt": f"a kite {time.time()} {fault}"}, **given)


def post_told(operator: Operator) -> None:
    post(operator, call_back_url=f"{operator.deployment.simulator_url}/receivers/ok/alarms")


def drop_row(operator: Operator) -> None:
    sheet = f"model,input.prompt\n{MODEL},kite {time.time()}\n"
    drop(operator.deployment, f"requests/{int(time.time())}.csv", sheet.encode())


# ---- a function that can't run


def set_handler(operator: Operator, function: str, handler: str) -> None:
    operator.client("lambda").update_function_configuration(
        FunctionName=operator.named(function), Handler=handler
    )


def break_handler(function: str) -> Act:
    return lambda operator: set_handler(operator, function, "app.nothing")


def restore_handler(function: str) -> Act:
    command = "aws lambda update-function-configuration --function-name <name>"
    command += " --handler app.lambda_handler"
    return lambda operator: operator.follow(command, name=operator.named(function))


# ---- a permission that was taken away


def role_of(function: str) -> str:
    return f"{function.removesuffix('Function')}Role"


def deny(function: str) -> Act:
    """Add a policy to a function's role that denies it the table."""
    statement = {"Effect": "Deny", "Action": "dynamodb:*", "Resource": "*"}

    def add(operator: Operator) -> None:
        operator.client("iam").put_role_policy(
            RoleName=operator.named(role_of(function)),
            PolicyName=ADDED,
            PolicyDocument=json.dumps({**DENY, "Statement": [statement]}),
        )

    return add


def take_deny_away(function: str) -> Act:
    def remove(operator: Operator) -> None:
        role = operator.named(role_of(function))
        found = operator.follow("aws iam list-role-policies --role-name <role>", role=role)
        assert ADDED in found
        command = "aws iam delete-role-policy --role-name <role> --policy-name <policy>"
        operator.follow(command, role=role, policy=ADDED)

    return remove


def after(*acts: Act) -> Act:
    def run(operator: Operator) -> None:
        for act in acts:
            act(operator)

    return run


def repeatedly(act: Act) -> Act:
    """Act once in each of three periods."""
    return after(*[act, lambda _: time.sleep(PERIOD)] * 3)


def call_back(operator: Operator) -> None:
    url = f"{operator.deployment.callback_api_url}/callbacks/kie/job_x/forged"
    httpx.post(url, json={}, trust_env=False)


def try_to_post(operator: Operator) -> None:
    key = {"Authorization": f"Bearer {operator.deployment.client_key}"}
    body = {"model": MODEL, "input": {"prompt": f"a kite {time.time()}"}}
    url = f"{operator.deployment.jobs_api_url}/jobs"
    httpx.post(url, json=body, headers=key, trust_env=False)


# ---- throttles


def stop(function: str) -> Act:
    return lambda operator: operator.client("lambda").put_function_concurrency(
        FunctionName=operator.named(function), ReservedConcurrentExecutions=0
    )


def let_run(function: str) -> Act:
    command = "aws lambda delete-function-concurrency --function-name <name>"
    return lambda operator: operator.follow(command, name=operator.named(function))


# ---- messages


ENABLE: Final = (
    'aws lambda update-event-source-mapping --enabled --uuid "$(aws cloudformation'
    " describe-stack-resource --stack-name ringback --logical-resource-id SubmitJobFunctionTurn"
    ' --query StackResourceDetail.PhysicalResourceId --output text)"'
)


def disable(source: str) -> Act:
    return lambda operator: operator.client("lambda").update_event_source_mapping(
        UUID=operator.named(source), Enabled=False
    )


def enable(source: str) -> Act:
    def run(operator: Operator) -> None:
        assert f"{source} is disabled" in operator.follow("make doctor")
        operator.follow(ENABLE, source=source)

    return run


def given_up(queue: str, function: str, act: Act) -> Act:
    """Give a message up after its first failure, instead of a day of them."""

    def run(operator: Operator) -> None:
        sqs, url = operator.client("sqs"), operator.named(f"{queue}Queue")
        known = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])
        policy = json.loads(known["Attributes"]["RedrivePolicy"])
        hasty = {"RedrivePolicy": json.dumps(policy | {"maxReceiveCount": 1})}
        sqs.set_queue_attributes(QueueUrl=url, Attributes={**hasty, "VisibilityTimeout": "2"})
        break_handler(function)(operator)
        act(operator)

    return run


def redrive(queue: str, function: str) -> Act:
    def run(operator: Operator) -> None:
        restore_handler(function)(operator)
        sqs, url = operator.client("sqs"), operator.named(f"{queue}Queue")
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "60"})
        assert "moved back" in operator.follow("make redrive QUEUE=Archive", queue=queue)

    return run


# ---- accounts


def set_secret(operator: Operator, provider: str, **values: object) -> None:
    [account] = [each for each in operator.deployment.accounts if each.provider == provider]
    arn = operator.stack.output(account.secret_output)
    value = json.dumps({**account.secret, **values})
    operator.client("secretsmanager").put_secret_value(SecretId=arn, SecretString=value)


def store_secret(operator: Operator, provider: str) -> None:
    """Answer with every field, in the order in which they are asked for."""
    [account] = [each for each in operator.deployment.accounts if each.provider == provider]
    fields = [account.secret[name] for name in sorted(account.secret)]
    answers = [",".join(each) if isinstance(each, list) else str(each) for each in fields]
    operator.follow("make provider-secret PROVIDER=kie", answers, provider=provider)


def resume(operator: Operator, provider: str) -> None:
    command = "curl -s -X POST -H 'Authorization: Bearer <key>' '<JobsApiUrl>/providers/kie/resume'"
    operator.follow(
        command,
        key=operator.deployment.client_key,
        api=operator.deployment.jobs_api_url,
        provider=provider,
    )


def spend_all_credits(operator: Operator) -> None:
    operator.provider.set_credits(0)
    post(operator)


def top_up(operator: Operator) -> None:
    operator.provider.set_credits(RICH)
    assert f"{RICH}" in operator.follow("make doctor")
    resume(operator, "kie")


def refuse_chanjing(operator: Operator) -> None:
    set_secret(operator, "chanjing", secret_key="wrong")
    operator.jobs_api.submit(CHANJING, {"ref_prompt": "a kite without a key"})


def store_chanjing(operator: Operator) -> None:
    store_secret(operator, "chanjing")
    time.sleep(60)  # "Functions use it within a minute"
    resume(operator, "chanjing")


# ---- callbacks


def forge(operator: Operator) -> None:
    for _ in range(25):
        call_back(operator)


def read_of_forged(operator: Operator) -> None:
    command = 'make logs FUNCTION=receive_callback MATCH="callback refused"'
    assert "callback refused" in operator.follow(command)


def sign_with_another_key(operator: Operator) -> None:
    """Store a key that kie.ai doesn't have, and have the function start with it."""
    set_secret(operator, "kie", webhook_hmac_keys=["a key of at least sixteen bytes"])
    operator.client("lambda").update_function_configuration(
        FunctionName=operator.named("ReceiveCallbackFunction"), Description="started again"
    )
    for _ in range(4):
        post(operator)


def store_kie_key(operator: Operator) -> None:
    found = operator.follow("make logs FUNCTION=receive_callback")
    assert "SignatureRejected" in found
    store_secret(operator, "kie")


# ---- others


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
    "SubmitErrorsAlarm": Row(
        break_handler("SubmitJobFunction"), restore_handler("SubmitJobFunction"), post
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
    "SubmitFailuresAlarm": Row(
        deny("SubmitJobFunction"), take_deny_away("SubmitJobFunction"), repeatedly(post)
    ),
    "KieAccountPausedAlarm": Row(spend_all_credits, top_up),
    "KieCreditsAlarm": Row(spend_all_credits, top_up),
}
