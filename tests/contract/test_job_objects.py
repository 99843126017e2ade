"""Every version of every object of a job is deleted, and nothing else."""

from typing import Any

import boto3
import pytest
from ringback.aws.job_objects import MAX_ATTEMPTS, JobObjectsBucket
from ringback.domain.errors import TransferInterrupted

from tests.support.aws import Cloud
from tests.support.jobs import a_job_id

OWN = [f"{folder}/{a_job_id()}/{n}" for folder in ("images", "quarantine") for n in (1, 2)]
OTHERS = [
    f"images/{a_job_id(1)}/1.png",
    f"images/{a_job_id()}x/1.png",
    f"canary/{a_job_id()}/1.png",
    f"quarantine/{a_job_id(1)}/1",
]


def put(cloud: Cloud, key: str) -> None:
    boto3.client("s3").put_object(Bucket=cloud.bucket, Key=key, Body=b"x")


def left_in(cloud: Cloud) -> list[str]:
    """Return the keys of all versions and deletion markers."""
    found = boto3.client("s3").list_object_versions(Bucket=cloud.bucket)
    listed = [*found.get("Versions", []), *found.get("DeleteMarkers", [])]
    return sorted(each["Key"] for each in listed)


def test_all_versions_and_deletion_markers_are_deleted(cloud: Cloud) -> None:
    s3 = boto3.client("s3")
    for key in [*OWN, *OTHERS]:
        put(cloud, key)
        put(cloud, key)
        s3.delete_object(Bucket=cloud.bucket, Key=key)
    before = left_in(cloud)
    objects = JobObjectsBucket.connect(cloud.bucket)
    objects.delete_all(a_job_id())
    assert left_in(cloud) == sorted(OTHERS * 3) == [key for key in before if key in OTHERS]
    objects.delete_all(a_job_id())


def test_what_was_stored_before_versioning_is_deleted(cloud: Cloud) -> None:
    s3 = boto3.client("s3")
    config: Any = {"Status": "Suspended"}
    s3.put_bucket_versioning(Bucket=cloud.bucket, VersioningConfiguration=config)
    put(cloud, OWN[0])
    JobObjectsBucket.connect(cloud.bucket).delete_all(a_job_id())
    assert left_in(cloud) == []


class Bucket:
    """S3 with pages of two, and errors for the keys that are ``stuck`` so many times more."""

    def __init__(self, keys: list[str], stuck: dict[str, int] | None = None) -> None:
        self.versions = [(key, "v1") for key in sorted(keys)]
        self.stuck, self.calls = stuck or {}, list[str]()

    def list_object_versions(self, **given: Any) -> dict[str, Any]:
        self.calls.append("list")
        start = given.get("KeyMarker", ""), given.get("VersionIdMarker", "")
        mine = [each for each in self.versions if each[0].startswith(given["Prefix"])]
        rest = [each for each in mine if each > start]
        page, is_truncated = rest[:2], len(rest) > 2
        listed = [{"Key": key, "VersionId": version} for key, version in page]
        more = {"NextKeyMarker": page[-1][0], "NextVersionIdMarker": page[-1][1]} if page else {}
        # Some of them are deletion markers.
        return {
            "Versions": listed[:1],
            "DeleteMarkers": listed[1:],
            "IsTruncated": is_truncated,
            **more,
        }

    def delete_objects(self, **given: Any) -> dict[str, Any]:
        self.calls.append("delete")
        errors = []
        for each in given["Delete"]["Objects"]:
            if self.stuck.get(each["Key"], 0):
                self.stuck[each["Key"]] -= 1
                errors.append({**each, "Code": "InternalError"})
            else:
                self.versions.remove((each["Key"], each["VersionId"]))
        return {"Errors": errors} if errors else {}


def test_page_after_page_is_deleted() -> None:
    keys = [f"images/{a_job_id()}/{n}" for n in range(5)]
    bucket = Bucket(keys)
    JobObjectsBucket(bucket, "b").delete_all(a_job_id())  # type: ignore[arg-type]
    assert bucket.versions == []
    assert bucket.calls == [*(("list", "delete") * 3), "list"]


def test_only_what_was_not_deleted_is_tried_again() -> None:
    bucket = Bucket(OWN, {OWN[0]: MAX_ATTEMPTS - 1})
    JobObjectsBucket(bucket, "b").delete_all(a_job_id())  # type: ignore[arg-type]
    assert (bucket.versions, bucket.calls.count("delete")) == ([], MAX_ATTEMPTS + 1)


def test_what_cannot_be_deleted_is_an_error_and_the_rest_is_deleted() -> None:
    bucket = Bucket(OWN, {OWN[1]: 99})
    with pytest.raises(TransferInterrupted, match="did not delete 1 objects: InternalError"):
        JobObjectsBucket(bucket, "b").delete_all(a_job_id())  # type: ignore[arg-type]
    assert bucket.calls.count("delete") == MAX_ATTEMPTS + 1
    assert bucket.versions == [(OWN[1], "v1")]


def test_what_cannot_be_deleted_holds_up_no_other_page_or_folder() -> None:
    """An object lock or a legal hold on one version may last for years."""
    keys = [f"{folder}/{a_job_id()}/{n}" for folder in ("images", "quarantine") for n in range(5)]
    bucket = Bucket(keys, {keys[0]: 99, keys[4]: 99})
    with pytest.raises(TransferInterrupted, match="did not delete 2 objects: InternalError"):
        JobObjectsBucket(bucket, "b").delete_all(a_job_id())  # type: ignore[arg-type]
    assert bucket.versions == [(keys[0], "v1"), (keys[4], "v1")]
