"""POST /uploads, and jobs that use what was uploaded, with whole events."""

import json
from hashlib import sha256
from io import BytesIO
from typing import Any, Final

import boto3
import pytest
from PIL import Image
from ringback.domain.uploads import Upload

from tests.support.aws import Cloud
from tests.support.lambdas import Lambdas, an_event

NO_UPLOAD: Final = "there is no such upload, or it has expired; upload the image again"


def a_photo() -> bytes:
    content = BytesIO()
    Image.new("RGB", (8, 8), "teal").save(content, "PNG")
    return content.getvalue()


PHOTO: Final = a_photo()
SENT: Final = {
    "sha256": sha256(PHOTO).hexdigest(),
    "bytes": len(PHOTO),
    "content_type": "image/png",
}


def of_client(event: dict[str, Any], client: str) -> dict[str, Any]:
    context = event["requestContext"]
    authorizer = {"lambda": context["authorizer"]["lambda"] | {"client": client}}
    return event | {"requestContext": context | {"authorizer": authorizer}}


def an_upload(sent: object, client: str = "studio") -> dict[str, Any]:
    return of_client(an_event("open_upload", "jpeg") | {"body": json.dumps(sent)}, client)


def put(cloud: Cloud, client: str) -> str:
    """Put the photo where the client's form would, and return its URL."""
    digest = sha256(PHOTO).hexdigest()
    upload = Upload(client=client, sha256=digest, size=len(PHOTO), content_type="image/png")
    boto3.client("s3").put_object(
        Bucket=cloud.drop_bucket, Key=upload.key, Body=PHOTO, ContentType="image/png"
    )
    return f"s3://{cloud.drop_bucket}/{upload.key}"


def an_edit(url: str, client: str) -> dict[str, Any]:
    given = {"prompt": "Add a red scarf", "image_urls": [url]}
    body = json.dumps({"model": "bytedance/seedream-v4-edit", "input": given})
    return of_client(an_event("accept_job", "post") | {"body": body}, client)


def body_of(reply: dict[str, Any]) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(reply["body"])
    return body


def test_an_upload_is_opened_once(cloud: Cloud, lambdas: Lambdas) -> None:
    reply = lambdas("open_upload", an_upload(SENT))
    opened = body_of(reply)
    assert (reply["statusCode"], opened["uploaded"]) == (201, False)
    assert opened["url"].startswith(f"https://{cloud.drop_bucket}.")
    assert put(cloud, "studio") == opened["image"]
    assert opened["image"].endswith(opened["fields"]["key"])
    again = body_of(lambdas("open_upload", an_upload(SENT)))
    assert again["uploaded"]
    assert again["image"] == opened["image"]
    assert again["url"] is again["fields"] is again["expires_at"] is None


def test_an_upload_of_another_client_is_as_if_it_were_not_there(
    cloud: Cloud, lambdas: Lambdas
) -> None:
    url = put(cloud, "studio")
    assert not body_of(lambdas("open_upload", an_upload(SENT, "shop")))["uploaded"]
    refused = lambdas("accept_job", an_edit(url, "shop"))
    absent = lambdas("accept_job", an_edit(url[:-1] + "0", "studio"))
    assert refused == absent
    assert body_of(refused)["errors"] == [{"field": "input.image_urls.0", "message": NO_UPLOAD}]
    assert lambdas("accept_job", an_edit(url, "studio"))["statusCode"] == 202


def test_a_retry_says_that_its_upload_has_expired(cloud: Cloud, lambdas: Lambdas) -> None:
    url = put(cloud, "studio")
    job = body_of(lambdas("accept_job", an_edit(url, "studio")))
    s3, key = boto3.client("s3"), url.partition("ringback-drops/")[2]
    (version,) = s3.list_object_versions(Bucket=cloud.drop_bucket, Prefix=key)["Versions"]
    s3.delete_object(Bucket=cloud.drop_bucket, Key=key, VersionId=version["VersionId"])
    path = {"pathParameters": {"job_id": job["job_id"]}}
    cancel = an_event("change_job", "cancel") | path
    assert lambdas("change_job", cancel)["statusCode"] == 200
    reply = lambdas("accept_job", an_event("accept_job", "retry") | path)
    assert reply["statusCode"] == 400
    assert body_of(reply)["errors"] == [{"field": "input", "message": f"{url}: {NO_UPLOAD}"}]


@pytest.mark.parametrize(
    ("sent", "fields"),
    [
        (SENT | {"sha256": "", "bytes": 0, "name": "fox"}, {"sha256", "bytes", "name"}),
        ({}, {"sha256", "bytes", "content_type"}),
        ([], {""}),
    ],
)
def test_wrong_fields_are_named_and_nothing_is_signed(
    lambdas: Lambdas, sent: object, fields: set[str]
) -> None:
    reply = lambdas("open_upload", an_upload(sent))
    assert reply["statusCode"] == 400
    assert {error["field"] for error in body_of(reply)["errors"]} == fields
    assert lambdas.aws_calls == []


def test_a_large_body_is_refused_unread(lambdas: Lambdas) -> None:
    reply = lambdas("open_upload", an_upload(SENT | {"content_type": "x" * 4096}))
    assert (reply["statusCode"], body_of(reply)["type"]) == (413, "/docs#too-large")
