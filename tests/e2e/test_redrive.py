"""Dead letters go back to work: ``make redrive`` on the local AWS."""

import json

import pytest

from local import redrive
from local.chosen_stack import Stack
from local.dead_letters import dead_letters
from local.deployment import Deployment, administrator
from local.emulator import REGION
from local.jobs_api import JobsApi
from local.sam import STACK_NAME

MODEL = "bytedance/seedream-v4-text-to-image"


def test_a_job_whose_message_is_a_dead_letter_goes_on(
    deployment: Deployment,
    jobs_api: JobsApi,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    posted = jobs_api.submit(MODEL, {"prompt": "a kite that was left behind"})
    [job] = jobs_api.wait_until_final([posted["job_id"]])
    leave_in_archiving(deployment, job["job_id"])
    assert jobs_api.get(job["job_id"])["status"] == "archiving"
    for name, value in {
        "AWS_ENDPOINT_URL": deployment.endpoint_url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "STACK": STACK_NAME,
    }.items():
        monkeypatch.setenv(name, value)
    assert redrive.main([]) == 1
    shown = capsys.readouterr().out
    assert f"  {job['job_id']}  archiving\n" in shown
    assert "moved back" not in shown
    assert redrive.main(["--yes", "--job", job["job_id"]]) == 0
    assert "ArchiveDeadLetters: 1 moved back" in capsys.readouterr().out.splitlines()
    [again] = jobs_api.wait_until_final([job["job_id"]])
    assert again["status"] == "succeeded"
    assert again["images"][0]["sha256"] == job["images"][0]["sha256"]
    assert redrive.main([]) == 0
    assert "ArchiveDeadLetters: none" in capsys.readouterr().out.splitlines()


def leave_in_archiving(deployment: Deployment, job_id: str) -> None:
    """Make it look as if copying its images had failed five times over, before the first."""
    session, url = administrator(), deployment.endpoint_url
    table, key = session.client("dynamodb", endpoint_url=url), {"job_id": {"S": job_id}}
    item = table.get_item(TableName=deployment.jobs_table, Key=key)["Item"]
    # A job that has succeeded has its links with its images only.
    links = [image["M"]["source_url"] for image in item["images"]["M"].values()]
    table.update_item(
        TableName=deployment.jobs_table,
        Key=key,
        UpdateExpression="SET #status = :archiving, images = :none, result_urls = :links"
        " REMOVE finished_at",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={
            ":archiving": {"S": "archiving"},
            ":none": {"M": {}},
            ":links": {"L": links},
        },
    )
    sqs = session.client("sqs", endpoint_url=url)
    queues = dead_letters(Stack(STACK_NAME, session, url))
    [letters] = [queue for queue in queues if queue.name == "ArchiveDeadLetters"]
    message = json.dumps({"job_id": job_id, "attempt": 1})
    sqs.send_message(QueueUrl=letters.url, MessageBody=message)
