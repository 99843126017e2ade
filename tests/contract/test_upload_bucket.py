"""Uploads and their forms, against moto.

moto takes any form. That conditions, signature and permission are held is shown end to end, on the
local AWS; that AWS itself compares the checksum is documented and not shown anywhere here.
"""

import json
from base64 import b64decode, b64encode
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256

import boto3
from ringback.aws.drop_bucket import DropBucket
from ringback.aws.upload_bucket import UploadBucket
from ringback.domain.clock import utc_now
from ringback.domain.uploads import Form, Upload

from tests.support.aws import REGION, Cloud

CONTENT = b"\x89PNG of a fox"
UPLOAD = Upload(
    client="studio",
    sha256=sha256(CONTENT).hexdigest(),
    size=len(CONTENT),
    content_type="image/png",
)
LIFETIME = timedelta(minutes=15)


def a_form(cloud: Cloud) -> Form:
    return UploadBucket.connect(cloud.drop_bucket).form(UPLOAD, lifetime=LIFETIME)


def test_a_form_takes_nothing_but_this_image(cloud: Cloud) -> None:
    form = a_form(cloud)
    assert form.url == f"https://{cloud.drop_bucket}.s3.{REGION}.amazonaws.com/"
    policy = json.loads(b64decode(form.fields["policy"]))
    exact, ranges = dict[str, str](), list[list[object]]()
    for each in policy["conditions"]:
        exact |= each if isinstance(each, dict) else {}
        ranges += [each] if isinstance(each, list) else []
    assert ranges == [["content-length-range", len(CONTENT), len(CONTENT)]]
    assert (
        exact.items()
        >= {
            "bucket": cloud.drop_bucket,
            "key": UPLOAD.key,
            "Content-Type": "image/png",
            "x-amz-checksum-algorithm": "SHA256",
            "x-amz-checksum-sha256": b64encode(sha256(CONTENT).digest()).decode(),
        }.items()
    )


def test_every_field_of_a_form_has_its_condition(cloud: Cloud) -> None:
    """S3 refuses fields without one, and then nobody could send the form."""
    form = a_form(cloud)
    conditions = json.loads(b64decode(form.fields["policy"]))["conditions"]
    exact = {
        name: value for each in conditions if isinstance(each, dict) for name, value in each.items()
    }
    unsigned = {"policy", "x-amz-signature"}
    assert {name: each for name, each in form.fields.items() if name not in unsigned} == {
        name: value for name, value in exact.items() if name != "bucket"
    }


def test_a_form_ends_with_its_lifetime(cloud: Cloud) -> None:
    policy = json.loads(b64decode(a_form(cloud).fields["policy"]))
    left = datetime.fromisoformat(policy["expiration"]) - utc_now()
    assert timedelta(minutes=14) < left <= LIFETIME


def test_what_is_stored_is_found_as_it_is(cloud: Cloud) -> None:
    uploads = UploadBucket.connect(cloud.drop_bucket)
    assert uploads.stored(UPLOAD) is None
    put = boto3.client("s3").put_object
    put(Bucket=cloud.drop_bucket, Key=UPLOAD.key, Body=CONTENT, ContentType="image/png")
    found = uploads.stored(UPLOAD)
    assert found
    assert (found.size, found.content_type) == (len(CONTENT), "image/png")
    assert abs(found.made_at - utc_now()) < timedelta(minutes=1)
    assert uploads.stored(replace(UPLOAD, client="shop")) is None


def test_an_expired_upload_is_gone_for_new_jobs_and_there_for_old_ones(cloud: Cloud) -> None:
    """S3's lifecycle puts a delete marker over it."""
    s3, drops = boto3.client("s3"), DropBucket.connect(cloud.drop_bucket)
    version = s3.put_object(Bucket=cloud.drop_bucket, Key=UPLOAD.key, Body=CONTENT)["VersionId"]
    s3.delete_object(Bucket=cloud.drop_bucket, Key=UPLOAD.key)
    assert UploadBucket.connect(cloud.drop_bucket).stored(UPLOAD) is None
    assert drops.inspect(UPLOAD.key) is None
    assert drops.inspect(UPLOAD.key, version=version)
