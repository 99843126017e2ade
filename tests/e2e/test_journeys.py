"""Whole jobs through the deployed template, as clients, providers and strangers see them."""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from ringback.catalogue.models import MODELS

from local.deployment import Deployment, administrator
from local.downloads import download_images
from local.drop_bucket import drop, wait_for_receipt
from local.example_job import PHOTO, Example
from local.examples import EXAMPLES
from local.jobs_api import Job, JobsApi
from local.simulator.kie.models import expected_size
from tests.e2e.conftest import SharedStack
from tests.e2e.provider import Provider
from tests.e2e.stack_logs import credentials_of
from tests.support.image_files import image

TEXT_MODEL = "bytedance/seedream-v4-text-to-image"


def run(jobs_api: JobsApi, *inputs: Mapping[str, Any]) -> list[Job]:
    submitted = [jobs_api.submit(TEXT_MODEL, one) for one in inputs]
    return jobs_api.wait_until_final([job["job_id"] for job in submitted])


def test_models_are_described(jobs_api: JobsApi) -> None:
    listed = jobs_api.client.get(f"{jobs_api.url}/models").json()["models"]
    assert [model["id"] for model in listed] == list(MODELS)
    for model in listed:
        one = jobs_api.client.get(f"{jobs_api.url}/models/{model['id']}")
        assert (one.status_code, one.json()) == (200, model)
    assert jobs_api.client.get(f"{jobs_api.url}/models/seedream").status_code == 404


def test_the_record_lies_beside_the_images(deployment: Deployment, jobs_api: JobsApi) -> None:
    [job] = run(jobs_api, {"prompt": "two kites", "max_images": 2, "seed": 7})
    [job] = jobs_api.wait_until_final([job["job_id"]], with_thumbnails=True)
    store = administrator().client("s3", endpoint_url=deployment.endpoint_url)
    prefix = f"images/{job['job_id']}/"
    listed = store.list_objects_v2(Bucket=deployment.images_bucket, Prefix=prefix)["Contents"]
    assert {entry["Key"] for entry in listed} == {
        f"{prefix}job.json",
        *(image["key"] for image in job["images"]),
        *(image["thumbnail_key"] for image in job["images"]),
    }
    answer = store.get_object(Bucket=deployment.images_bucket, Key=f"{prefix}job.json")
    record = json.loads(answer["Body"].read())
    assert record["input"]["seed"] == 7
    assert [image["sha256"] for image in record["images"]] == [
        image["sha256"] for image in job["images"]
    ]


def test_jobs_are_listed_newest_first_through_all_pages(jobs_api: JobsApi) -> None:
    made = [job["job_id"] for job in run(jobs_api, *[{"prompt": f"kite {n}"} for n in range(3)])]
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        query = f"?limit=2{f'&cursor={cursor}' if cursor else ''}"
        page = jobs_api.client.get(f"{jobs_api.url}/jobs{query}").json()
        seen += [job["job_id"] for job in page["jobs"]]
        cursor = page["cursor"]
    assert seen[:3] == made[::-1]
    assert seen == sorted(set(seen), reverse=True)


def test_wrong_input_names_every_field_and_costs_nothing(
    jobs_api: JobsApi, provider: Provider
) -> None:
    body = {
        "model": "seedream/4.5-edit",
        "input": {"image_urls": [PHOTO, "http://10.0.0.1/x"], "seed": 1, "quality": "High"},
        "mode": "fast",
    }
    answer = jobs_api.client.post(f"{jobs_api.url}/jobs", json=body)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert {error["field"] for error in answer.json()["errors"]} == {
        "mode",
        "input.prompt",
        "input.image_urls.1",
        "input.seed",
        "input.quality",
    }
    assert not [task for task in provider.tasks() if task["input"].get("quality") == "High"]


def test_an_idempotency_key_buys_once(jobs_api: JobsApi, provider: Provider) -> None:
    def post(prompt: str) -> httpx.Response:
        return jobs_api.client.post(
            f"{jobs_api.url}/jobs",
            json={"model": TEXT_MODEL, "input": {"prompt": prompt}},
            headers={"Idempotency-Key": "order 66"},
        )

    first, second, other = post("a kite"), post("a kite"), post("another")
    assert first.json()["job_id"] == second.json()["job_id"]
    assert other.status_code in (409, 422)
    [job] = jobs_api.wait_until_final([first.json()["job_id"]])
    assert len(provider.tasks_of(job["job_id"])) == 1


def test_of_eight_posts_at_once_with_one_key_one_job_comes(
    jobs_api: JobsApi, provider: Provider
) -> None:
    def post(_: int) -> httpx.Response:
        return jobs_api.client.post(
            f"{jobs_api.url}/jobs",
            json={"model": TEXT_MODEL, "input": {"prompt": "eight times the same kite"}},
            headers={"Idempotency-Key": "eight at once"},
        )

    with ThreadPoolExecutor(8) as clients:
        answers = list(clients.map(post, range(8)))
    # A request that comes while the first one is being recorded has to be repeated.
    assert {answer.status_code for answer in answers} <= {202, 409, 503}
    [job_id] = {answer.json()["job_id"] for answer in answers if answer.status_code == 202}
    jobs_api.wait_until_final([job_id])
    assert len(provider.tasks_of(job_id)) == 1
    assert post(0).json()["job_id"] == job_id
    listed = jobs_api.client.get(f"{jobs_api.url}/jobs?limit=50").json()["jobs"]
    prompts = [job["input"].get("prompt") for job in listed]
    assert prompts.count("eight times the same kite") == 1


def test_the_usual_job_is_never_asked_about(jobs_api: JobsApi, provider: Provider) -> None:
    [job] = run(jobs_api, {"prompt": "a kite that is called back"})
    assert job["task_id"] not in provider.reads()


def test_a_forged_callback_changes_nothing(
    deployment: Deployment, jobs_api: JobsApi, provider: Provider
) -> None:
    [job] = run(jobs_api, {"prompt": "a kite [simulate: fail]"})
    url = f"{deployment.callback_api_url}/callbacks/kie/{job['job_id']}"
    body = {"code": 200, "data": {"taskId": job["task_id"], "state": "success"}}
    [task] = provider.tasks_of(job["job_id"])
    token = task["callBackUrl"].rsplit("/", 1)[1]
    forged = httpx.post(f"{url}/{token[:-1]}x", json=body, trust_env=False, timeout=30)
    unsigned = httpx.post(f"{url}/{token}", json=body, trust_env=False, timeout=30)
    assert (forged.status_code, unsigned.status_code) == (404, 401)
    assert jobs_api.get(job["job_id"])["status"] == "failed"


def test_a_provider_can_fetch_an_image_of_the_drop_bucket_as_it_was_when_it_was_checked(
    deployment: Deployment, jobs_api: JobsApi, provider: Provider
) -> None:
    content = image("PNG")
    url = drop(deployment, "photos/a b/ü.png", content)
    model = "bytedance/seedream-v4-edit"
    job = jobs_api.submit(model, {"prompt": "a kite", "image_urls": [url]})
    drop(deployment, "photos/a b/ü.png", image("PNG", size=(20, 10)))
    [job] = jobs_api.wait_until_final([job["job_id"]])
    assert (job["status"], job["input"]["image_urls"]) == ("succeeded", [url])
    [task] = provider.tasks_of(job["job_id"])
    [link] = task["input"]["image_urls"]
    assert httpx.get(link, trust_env=False, timeout=30).content == content


def test_an_input_image_that_is_none_is_refused_before_anything_is_paid(
    deployment: Deployment, jobs_api: JobsApi, provider: Provider
) -> None:
    urls = [
        drop(deployment, "photos/page.png", b"<!doctype html>"),
        drop(deployment, "photos/empty.png", b""),
        f"s3://{deployment.drop_bucket}/photos/gone.png",
    ]
    before = len(provider.tasks())
    body = {
        "model": "bytedance/seedream-v4-edit",
        "input": {"prompt": "a kite", "image_urls": urls},
    }
    answer = jobs_api.client.post(f"{jobs_api.url}/jobs", json=body)
    assert answer.status_code == 400
    assert [(error["field"], error["message"]) for error in answer.json()["errors"]] == [
        ("input.image_urls.0", "the image is not a JPEG, PNG or WebP file"),
        ("input.image_urls.1", "the image is empty"),
        ("input.image_urls.2", "the object does not exist"),
    ]
    assert len(provider.tasks()) == before


def test_a_dropped_request_becomes_a_job_and_gets_a_receipt(
    deployment: Deployment, jobs_api: JobsApi, provider: Provider
) -> None:
    store = administrator().client("s3", endpoint_url=deployment.endpoint_url)
    key = "requests/für Anna/a+b %20 c.json"
    request = {"model": TEXT_MODEL, "input": {"prompt": "a dropped kite"}}
    store.put_object(Bucket=deployment.drop_bucket, Key=key, Body=json.dumps(request).encode())
    [receipt] = wait_for_receipt(deployment, key)
    [job] = jobs_api.wait_until_final([receipt["job_id"]])
    assert job["status"] == "succeeded"
    assert len(provider.tasks_of(job["job_id"])) == 1


def test_a_wrong_drop_is_answered_where_it_was_dropped(deployment: Deployment) -> None:
    store = administrator().client("s3", endpoint_url=deployment.endpoint_url)
    store.put_object(Bucket=deployment.drop_bucket, Key="requests/bad.json", Body=b"{}")
    [receipt] = wait_for_receipt(deployment, "requests/bad.json")
    assert {error["field"] for error in receipt["errors"]} == {"model", "input"}


def test_nothing_private_is_in_the_logs(
    deployment: Deployment,
    jobs_api: JobsApi,
    provider: Provider,
) -> None:
    [job] = run(jobs_api, {"prompt": "an unmistakable prompt"})
    [task] = provider.tasks_of(job["job_id"])
    secret = {
        "an unmistakable prompt",
        deployment.client_key,
        *credentials_of(deployment),
        task["callBackUrl"].rsplit("/", 1)[1],
        *task["result_urls"],
    }
    lines = function_logs(deployment)
    assert any(job["job_id"] in line for line in lines)
    assert not [line for line in lines if any(one in line for one in secret)]


def function_logs(deployment: Deployment) -> list[str]:
    logs = administrator().client("logs", endpoint_url=deployment.endpoint_url)
    lines: list[str] = []
    for group in logs.describe_log_groups()["logGroups"]:
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group["logGroupName"])
        lines += [event["message"] for page in pages for event in page["events"]]
    return lines


@pytest.fixture(scope="module")
def finished(jobs_api: JobsApi, shared_stack: SharedStack) -> list[Job]:
    """Return the examples' jobs, which were posted before the first test."""
    posted = [job["job_id"] for job in shared_stack.examples]
    return jobs_api.wait_until_final(posted, with_thumbnails=True)


def test_every_family_of_models_has_an_example() -> None:
    families = {model: MODELS[model].__module__ for model in MODELS}
    assert {families[example.model] for example in EXAMPLES} == set(families.values())


@pytest.mark.parametrize(
    ("number", "example"),
    [pytest.param(n, one, id=f"{one.model}-{one.status}") for n, one in enumerate(EXAMPLES)],
)
def test_a_job_of_every_kind_goes_from_post_to_pictures_in_s3(
    number: int, example: Example, finished: list[Job], provider: Provider, tmp_path: Path
) -> None:
    job = finished[number]
    assert job["status"] == example.status
    images = download_images(job, tmp_path)
    assert [(image.width, image.height) for image in images] == [example.size] * example.images
    assert all(image.thumbnail for image in images)
    [task] = provider.tasks_of(job["job_id"])
    assert (task["id"], task["provider"]) == (job["task_id"], job["provider"])
    assert all(call["signature"] == "good" for call in task["callbacks"])
    assert bool(task["callbacks"]) == (job["provider"] == "kie")
    if example.status == "failed":
        assert job["error"]["code"] == "500"
        assert job["error"]["message"] == "Internal server error"
    elif job["provider"] == "kie":
        assert job["credits"] == task["credits_charged"]
        assert expected_size(example.model, task["input"]) == example.size
