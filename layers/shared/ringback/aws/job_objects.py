"""All objects of a job in the images bucket, to be deleted: every version of each."""

from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, Self

from ringback.aws.clients import s3_client
from ringback.aws.image_keys import prefixes_of
from ringback.domain.errors import TransferInterrupted
from ringback.domain.jobs import JobId

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

# How often what S3 has not deleted is tried again at once: it answers per key, with errors such as
# InternalError. https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
MAX_ATTEMPTS: Final = 3


class JobObjectsBucket:
    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    @classmethod
    def connect(cls, bucket: str) -> Self:
        return cls(s3_client(), bucket)

    def delete_all(self, job_id: JobId) -> None:
        # A version that is locked, or on legal hold, must not keep the others.
        pages = chain.from_iterable(map(self._pages, prefixes_of(job_id)))
        if left := [each for page in pages for each in self._delete(page)]:
            codes = sorted({each.get("Code", "") for each in left})
            raise TransferInterrupted(f"S3 did not delete {len(left)} objects: {', '.join(codes)}")

    def _pages(self, prefix: str) -> Iterator[list[Any]]:
        """Yield the versions and deletion markers, a thousand at most together."""
        start: Any = {}
        while True:
            found = self._client.list_object_versions(Bucket=self._bucket, Prefix=prefix, **start)
            listed = [*found.get("Versions", []), *found.get("DeleteMarkers", [])]
            if listed:
                yield [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in listed]
            if not found["IsTruncated"]:
                return
            start = {
                "KeyMarker": found["NextKeyMarker"],
                "VersionIdMarker": found["NextVersionIdMarker"],
            }

    def _delete(self, versions: list[Any]) -> list[Any]:
        """Return an error for each version that is left."""
        failed = list[Any]()
        for _ in range(MAX_ATTEMPTS):
            answer = self._client.delete_objects(
                Bucket=self._bucket, Delete={"Objects": versions, "Quiet": True}
            )
            failed = list(answer.get("Errors", []))
            if not failed:
                break
            # One whose version is not named has the id "null".
            versions = [
                {"Key": each["Key"], "VersionId": each.get("VersionId", "null")} for each in failed
            ]
        return failed
