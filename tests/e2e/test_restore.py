"""A stack is deleted, its table restored, and both taken into a new stack with the kept buckets.

These are the commands of ``docs/operate.md``. Part of ``make prove`` only: it deploys twice.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from local import recheck
from local.adopt import adopt, check_stream
from local.api_addresses import PLACEHOLDER, live_url
from local.deployment import Deployment, administrator
from local.downloads import download_images
from local.drop_bucket import drop, wait_for_summary
from local.emulator import REGION
from local.failures import LocalFailure
from local.interrupts import Interrupts
from local.jobs_api import Job, connected
from local.ports import free_ports
from local.sam import STACK_NAME, Sam
from local.stack import api_url, deploy, local_stack, put_secrets
from local.waiting import wait_for
from tests.e2e.finished_jobs import FinishedJobs
from tests.e2e.stack_logs import show_logs_of
from tests.e2e.test_drops import TEXT
from tests.e2e.upgrades import parameters_of

pytestmark = pytest.mark.prove

RESTORED: Final = "ringback-jobs-restored"
PARAMETERS: Final = {"JobDeadlineSeconds": "30"}
SIMULATOR: Final = {"generate-seconds": 0.5, "seed": 9}


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """The new stack; a job that was final before, and one that was open."""

    deployment: Deployment
    finished_jobs: FinishedJobs
    final: Job
    opened: Job


@pytest.fixture(scope="module")
def restored(request: pytest.FixtureRequest) -> Iterator[Restored]:
    monkeypatch = pytest.MonkeyPatch()
    with local_stack(ports=free_ports(), simulator=SIMULATOR, parameters=PARAMETERS) as before:
        show_logs_of(before, request.config)
        with connected(before.jobs_api_url, before.client_key, before.live_api_url) as api:
            posted = api.submit(TEXT, {"prompt": "a kite before"})
            [final] = api.wait_until_final([posted["job_id"]])
            posted = api.submit(TEXT, {"prompt": "a kite on the way [simulate: no_callback]"})
            # A table of the moment before would have it as one that may have been charged.
            opened = wait_for(
                partial(api.get, posted["job_id"]),
                lambda job: job["status"] == "running",
                what="a job to be on the way",
            )
        after = tear_down_and_restore(before)
        finished = FinishedJobs(after)
        for name, value in {
            "AWS_ENDPOINT_URL": after.endpoint_url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": REGION,
        }.items():
            monkeypatch.setenv(name, value)
        assert recheck.main([]) == 0
        yield Restored(deployment=after, finished_jobs=finished, final=final, opened=opened)
    monkeypatch.undo()


def tear_down_and_restore(before: Deployment) -> Deployment:
    session, url = administrator(), before.endpoint_url
    table = session.client("dynamodb", endpoint_url=url)
    table.restore_table_to_point_in_time(
        SourceTableName=before.jobs_table, TargetTableName=RESTORED, UseLatestRestorableTime=True
    )
    table.get_waiter("table_exists").wait(TableName=RESTORED)
    table.update_time_to_live(
        TableName=RESTORED,
        TimeToLiveSpecification={"AttributeName": "forget_at", "Enabled": True},
    )
    table.update_continuous_backups(
        TableName=RESTORED,
        PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True},
    )
    with pytest.raises(LocalFailure):
        check_stream(table, RESTORED)
    table.update_table(
        TableName=RESTORED,
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )
    table.get_waiter("table_exists").wait(TableName=RESTORED)
    check_stream(table, RESTORED)
    stacks = session.client("cloudformation", endpoint_url=url)
    stacks.delete_stack(StackName=STACK_NAME)
    stacks.get_waiter("stack_delete_complete").wait(
        StackName=STACK_NAME, WaiterConfig={"Delay": 1, "MaxAttempts": 300}
    )
    adopt(
        stacks,
        STACK_NAME,
        {
            "JobsTable": RESTORED,
            "ImagesBucket": before.images_bucket,
            "DropBucket": before.drop_bucket,
        },
    )
    return deployed_again(before)


def deployed_again(before: Deployment) -> Deployment:
    sam = Sam(endpoint_url=before.endpoint_url, private=before.logs, interrupts=Interrupts())
    port = int(before.endpoint_url.rpartition(":")[2])
    parameters = PARAMETERS | parameters_of(before)
    parameters |= {"CallbackBaseUrl": api_url(port, PLACEHOLDER)}
    outputs = deploy(sam, parameters, lambda _line: None)
    after = replace(
        before,
        jobs_api_url=api_url(port, outputs["JobsApiId"]),
        callback_api_url=api_url(port, outputs["CallbackApiId"]),
        live_api_url=live_url(port, outputs["LiveApiId"]),
        images_bucket=outputs["ImagesBucketName"],
        drop_bucket=outputs["DropBucketName"],
        jobs_table=outputs["JobsTableName"],
    )
    put_secrets(after, outputs)
    return after


def test_the_new_stack_has_what_was_kept(restored: Restored) -> None:
    assert restored.deployment.jobs_table == RESTORED


def test_a_job_and_its_images_are_there_again(restored: Restored, tmp_path: Path) -> None:
    deployment = restored.deployment
    with connected(deployment.jobs_api_url, deployment.client_key, deployment.live_api_url) as api:
        job = api.get(restored.final["job_id"])
        assert {**job, "images": []} == {**restored.final, "images": []}
        assert len(download_images(job, tmp_path)) == 1
        listed = api.client.get(f"{api.url}/jobs").json()["jobs"]
        assert restored.final["job_id"] in [each["job_id"] for each in listed]


def test_an_open_job_goes_on_without_its_messages(restored: Restored) -> None:
    deployment = restored.deployment
    with connected(deployment.jobs_api_url, deployment.client_key, deployment.live_api_url) as api:
        [job] = api.wait_until_final([restored.opened["job_id"]])
    assert job["status"] == "succeeded"


def test_only_what_ends_after_the_restore_is_told(restored: Restored) -> None:
    opened = restored.opened["job_id"]
    finished = partial(restored.finished_jobs.about, opened)
    told = wait_for(finished, bool, what="the end of the open job to be told")
    assert [each["detail-type"] for each in told] == ["ringback.job.succeeded"]
    changed = changed_jobs(restored.deployment)
    assert opened in changed
    assert restored.final["job_id"] not in changed


def changed_jobs(deployment: Deployment) -> set[str]:
    """Return the keys of all records in the stream of the table."""
    session, url = administrator(), deployment.endpoint_url
    tables = session.client("dynamodb", endpoint_url=url)
    arn = tables.describe_table(TableName=deployment.jobs_table)["Table"]["LatestStreamArn"]
    streams = session.client("dynamodbstreams", endpoint_url=url)
    (shard,) = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    start = streams.get_shard_iterator(
        StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    records = streams.get_records(ShardIterator=start)["Records"]
    return {each["dynamodb"]["Keys"]["job_id"]["S"] for each in records}


def test_the_kept_bucket_notifies_the_new_queue(restored: Restored) -> None:
    drop(restored.deployment, "requests/again.csv", f"model,input.prompt\n{TEXT},kite".encode())
    assert wait_for_summary(restored.deployment, "requests/again.csv")["jobs"] == {"succeeded": 1}
