"""What the drop bucket has about a drop, for its client: receipts, summaries, and links to them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

from botocore.exceptions import ClientError

from ringback.aws.clients import s3_client
from ringback.aws.receipts import NOT_THERE, VERSION, Receipts
from ringback.aws.reports import Reports
from ringback.domain.drops import Drop

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import HeadObjectOutputTypeDef


class DropFiles:
    """It reads under ``receipts/`` only; ``seconds`` is how long links are valid."""

    def __init__(self, client: "S3Client", bucket: str, *, seconds: int) -> None:
        self._client = client
        self._bucket = bucket
        self._seconds = seconds
        self._receipts, self._reports = Receipts(client), Reports(client)

    @classmethod
    def connect(cls, bucket: str, *, seconds: int) -> Self:
        return cls(s3_client(), bucket, seconds=seconds)

    def newest(self, key: str) -> Drop | None:
        drop = Drop(bucket=self._bucket, key=key, version="")
        head = self._head(drop.receipt_key)
        version = head["Metadata"].get(VERSION) if head else None
        return Drop(bucket=self._bucket, key=key, version=version) if version else None

    def of_version(self, key: str, version: str) -> Drop:
        return Drop(bucket=self._bucket, key=key, version=version)

    def summary(self, drop: Drop) -> dict[str, Any]:
        return self._reports.opening(drop)

    def bad_rows(
        self, drop: Drop, *, start: int, most: int
    ) -> tuple[list[dict[str, Any]], int | None]:
        return self._receipts.bad(drop, start=start, most=most)

    def links(self, drop: Drop) -> Sequence[tuple[str, str]]:
        keys = (drop.table_key, drop.receipt_key, drop.summary_key)
        return [(key, self._link(key)) for key in keys if self._is_of(drop, key)]

    def _is_of(self, drop: Drop, key: str) -> bool:
        head = self._head(key)
        return head is not None and head["Metadata"].get(VERSION) == drop.version

    def _head(self, key: str) -> "HeadObjectOutputTypeDef | None":
        try:
            return self._client.head_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] in NOT_THERE:
                return None
            raise

    def _link(self, key: str) -> str:
        # The name of a file that anybody may have dropped: never shown in a browser's tab.
        name = quote(key.rpartition("/")[2], safe="")
        wanted = {
            "Bucket": self._bucket,
            "Key": key,
            "ResponseContentDisposition": f"attachment; filename*=UTF-8''{name}",
        }
        return self._client.generate_presigned_url(
            "get_object", Params=wanted, ExpiresIn=self._seconds
        )
