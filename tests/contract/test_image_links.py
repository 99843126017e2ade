"""Links to images, beside those of the SDK and on S3."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import boto3
import botocore.auth
import pytest
import requests
from botocore.session import Session
from hypothesis import given
from hypothesis import strategies as st
from ringback.aws.clients import CALLS, config_of, credentials, s3_client
from ringback.aws.image_links import MAX_SECONDS, STABLE_SECONDS, ImageLinks, while_kept
from ringback.domain.clock import utc_now

from tests.support.aws import REGION, Cloud
from tests.support.jobs import NOON, a_job_id

KEY = "images/x/1.png"
QUARTER = datetime(2026, 11, 27, 16, 45, tzinfo=UTC)


def links(cloud: Cloud, *, at: datetime, seconds: int = 3600) -> ImageLinks:
    return ImageLinks(s3_client(), cloud.bucket, credentials, seconds=seconds, now=lambda: at)


def query_of(link: str) -> dict[str, str]:
    return {name: each for name, [each] in parse_qs(urlsplit(link).query).items()}


@pytest.mark.parametrize("key", [KEY, "images/x/a b/ü+1.png"])
def test_a_link_is_the_sdk_s_at_the_beginning_of_its_quarter(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: QUARTER)
    theirs = s3_client().generate_presigned_url(
        "get_object",
        {"Bucket": cloud.bucket, "Key": key, "ResponseCacheControl": "private, max-age=900"},
        ExpiresIn=3600 + 900,
    )
    assert theirs.startswith(f"https://{cloud.bucket}.s3.{REGION}.amazonaws.com/images/x/")
    assert links(cloud, at=QUARTER + timedelta(seconds=7))(key) == theirs


@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1", "ap-east-2"])
def test_a_link_has_the_host_that_the_template_gives_the_studio(cloud: Cloud, region: str) -> None:
    """In us-east-1, botocore would take the global one."""
    client: Any = Session().create_client("s3", region, config=config_of("s3", CALLS))
    made = ImageLinks(client, "images", credentials, seconds=60, now=utc_now)("a.png")
    assert made.startswith(f"https://images.s3.{region}.amazonaws.com/a.png?")


def test_a_link_stays_the_same_for_a_quarter_of_an_hour(cloud: Cloud) -> None:
    last = QUARTER + timedelta(minutes=15, microseconds=-1)
    first, same, next_one = [
        links(cloud, at=at)(KEY) for at in (QUARTER, last, last + timedelta(microseconds=1))
    ]
    assert first == same
    assert next_one != first


@pytest.mark.parametrize(
    ("age", "is_linked"),
    [
        (timedelta(0), True),
        (timedelta(days=30, milliseconds=-1), True),
        (timedelta(days=30), False),
        (timedelta(days=400), False),
    ],
)
def test_there_is_no_link_to_what_may_be_gone(age: timedelta, is_linked: bool) -> None:  # noqa: FBT001
    key = f"images/{a_job_id()}/1.png"
    link = while_kept(lambda key: f"https://{key}", days=30, now=lambda: NOON + age)
    assert link(key) == (f"https://{key}" if is_linked else "")


@given(
    seconds=st.integers(60, MAX_SECONDS),
    at=st.datetimes(QUARTER.replace(tzinfo=None), timezones=st.just(UTC)),
)
def test_a_link_is_valid_for_long_enough_and_not_for_long(seconds: int, at: datetime) -> None:
    client: Any = s3_client()
    made = ImageLinks(client, "b", credentials, seconds=seconds, now=lambda: at)(KEY)
    query = query_of(made)
    signed_at = datetime.strptime(query["X-Amz-Date"] + "+0000", "%Y%m%dT%H%M%SZ%z")
    left = signed_at + timedelta(seconds=int(query["X-Amz-Expires"])) - at
    # S3 refuses a link that is signed for later, or for too long.
    assert signed_at <= at
    assert int(query["X-Amz-Expires"]) <= MAX_SECONDS
    assert timedelta(seconds=seconds - 1) < left <= timedelta(seconds=seconds + STABLE_SECONDS)
    assert left <= timedelta(seconds=2 * seconds)


def test_s3_lets_a_browser_keep_the_image_while_its_link_stays(cloud: Cloud) -> None:
    boto3.client("s3").put_object(Bucket=cloud.bucket, Key=KEY, Body=b"picture")
    answer = requests.get(links(cloud, at=utc_now())(KEY), timeout=5)
    assert answer.content == b"picture"
    assert answer.headers["cache-control"] == "private, max-age=900"
