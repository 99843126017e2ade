"""Links to images, as the functions make them that show images.

They are signed as of the beginning of a quarter of an hour, so that a page has the same ones for
that long and a browser's cache knows them. Each execution environment of a function has credentials
of its own, and so links of its own.
https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Protocol, Self
from urllib.parse import quote

from botocore.auth import SIGV4_TIMESTAMP, S3SigV4QueryAuth
from botocore.awsrequest import AWSRequest

from ringback.aws.clients import CALLS, credentials, s3_client
from ringback.domain.clock import utc_now
from ringback.domain.job_ids import made_at
from ringback.domain.jobs import JobId

if TYPE_CHECKING:
    from botocore.credentials import Credentials
    from types_boto3_s3 import S3Client

# Makes a link of an image's key; an empty one if the image may be gone.
Link = Callable[[str], str]

# The seconds for which a link stays the same.
STABLE_SECONDS: Final = 15 * 60
# S3 accepts no longer time.
MAX_SECONDS: Final = 7 * 24 * 60 * 60


class LinkSettings(Protocol):
    @property
    def images_bucket(self) -> str: ...
    @property
    def link_lifetime_seconds(self) -> int: ...
    @property
    def image_days(self) -> int: ...


def image_link(settings: LinkSettings) -> Link:
    link = ImageLinks.connect(settings.images_bucket, seconds=settings.link_lifetime_seconds)
    return while_kept(link, days=settings.image_days) if settings.image_days else link


def while_kept(link: Link, *, days: int, now: Callable[[], datetime] = utc_now) -> Link:
    """Return a link that is empty once S3 may have deleted the image: it tells nobody when.

    S3 counts from when an image was stored, which is later than when its job was made.
    """

    def kept_link(key: str) -> str:
        job_id = JobId(key.split("/")[1])
        return "" if now() >= made_at(job_id) + timedelta(days=days) else link(key)

    return kept_link


class ImageLinks:
    """A link is valid for ``seconds`` at least, unless the credentials that signed it are not.

    It stays the same for ``STABLE_SECONDS``, or ``seconds`` if those are fewer.
    """

    def __init__(
        self,
        client: "S3Client",
        bucket: str,
        credentials: Callable[[], "Credentials"],
        *,
        seconds: int,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._client, self._bucket = client, bucket
        self._credentials, self._now = credentials, now
        self._base = ""
        self._stable = max(1, min(STABLE_SECONDS, seconds, MAX_SECONDS - seconds))
        self._expires = min(seconds + self._stable, MAX_SECONDS)

    @classmethod
    def connect(cls, bucket: str, *, seconds: int) -> Self:
        return cls(s3_client(CALLS), bucket, credentials, seconds=seconds)

    def __call__(self, key: str) -> str:
        at = int(self._now().timestamp())
        # Without the header, browsers take a new image for changed after a few seconds.
        cached = {"response-cache-control": f"private, max-age={self._stable}"}
        request = AWSRequest("GET", url=self._url(key), params=cached)
        _SignedAt(
            self._credentials().get_frozen_credentials(),
            self._client.meta.region_name,
            expires=self._expires,
            at=datetime.fromtimestamp(at - at % self._stable, UTC),
        ).add_auth(request)
        return str(request.url)

    def _url(self, key: str) -> str:
        path = quote(key)
        if not self._base:
            # The client knows the bucket's address, but signs as of now.
            link = self._client.generate_presigned_url(
                "get_object", {"Bucket": self._bucket, "Key": key}
            )
            self._base = link.partition("?")[0].removesuffix(path)
        return self._base + path


class _SignedAt(S3SigV4QueryAuth):
    """The SDK's signer, which signs as of now, with another time."""

    def __init__(self, credentials: Any, region: str, *, expires: int, at: datetime) -> None:
        super().__init__(credentials, "s3", region, expires=expires)
        self._at = at

    def add_auth(self, request: AWSRequest) -> None:
        request.context["timestamp"] = self._at.strftime(SIGV4_TIMESTAMP)
        self._modify_request_before_signing(request)  # type: ignore[attr-defined]
        text = self.string_to_sign(request, self.canonical_request(request))
        self._inject_signature_to_request(  # type: ignore[attr-defined]
            request, self.signature(text, request)
        )
