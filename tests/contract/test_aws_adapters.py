"""The AWS adapters except the job store, against moto."""

import io
import json
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields, replace
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any, NoReturn

import boto3
import pytest
from aws_lambda_powertools import Logger
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
    SSLError,
)
from ringback.aws.drop_bucket import READ_SIZE, DropBucket
from ringback.aws.drop_progress import DropProgressTable
from ringback.aws.image_bucket import ImageBucket
from ringback.aws.job_table import JobTable
from ringback.aws.queues import (
    SqsArchiveQueue,
    SqsCheckQueue,
    SqsDropQueue,
    SqsSubmitQueue,
    SqsSummaryQueue,
    SqsThumbnailQueue,
    read_answered,
    read_retry,
)
from ringback.aws.secrets import (
    FRESH_SECONDS,
    LASTING_SECONDS,
    RETRY_SECONDS,
    STALE_SECONDS,
    JsonSecret,
    refresh_all,
)
from ringback.aws.stream_records import read_change
from ringback.domain.accounts import Probe
from ringback.domain.changes import FinishedDrop
from ringback.domain.checks import Check, from_message
from ringback.domain.drops import Drop, DroppedObject, Progress, RowsToRetry, Settled
from ringback.domain.errors import (
    ImageRefused,
    InputImageRefused,
    NotConfigured,
    ProviderUnavailable,
    ReceiptsReplaced,
    SheetRefused,
    TransferInterrupted,
    TryAgain,
)
from ringback.domain.images import HEAD_BYTES, ImageFormat, Remains, StoredObject
from ringback.domain.marks import Marks
from ringback.domain.verdicts import (
    Answered,
    OutcomeUnknown,
    Submission,
    TaskCreated,
    TaskRefused,
)
from ringback.drop_notifications import dropped_objects
from ringback.lambda_events import images_named_in, process_together
from ringback.metrics import Metrics
from ringback.use_cases.archive_images import MAX_START_DELAY
from ringback.use_cases.fetch_image import MAX_COPY_TIME
from ringback.use_cases.ports import DropProgress

from tests.support.aws import REGION, Cloud, a_cloud
from tests.support.checks import FULL_CHECK
from tests.support.drops import InMemoryDropProgress
from tests.support.jobs import NOON, TASK, a_job, a_job_id, facts_of
from tests.support.lambdas import use_new_clients
from tests.support.template import load_template

PICTURE = b"the very bytes"


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """Make new clients for each test, since some tests change theirs."""
    use_new_clients(monkeypatch)
    with a_cloud(monkeypatch) as cloud:
        yield cloud


def test_an_image_is_stored_with_type_and_metadata(cloud: Cloud) -> None:
    facts = facts_of(PICTURE, ImageFormat.WEBP)
    bucket = ImageBucket.connect(cloud.bucket)
    stored = bucket.put_image(a_job_id(), 2, io.BytesIO(PICTURE), facts)
    assert stored == StoredObject(key=f"images/{a_job_id()}/2.webp", facts=facts)
    there = boto3.client("s3").get_object(Bucket=cloud.bucket, Key=stored.key)
    assert there["Body"].read() == PICTURE
    assert there["ContentType"] == "image/webp"
    assert there["Metadata"] == {
        "job-id": a_job_id(),
        "sha256": facts.sha256,
        "width": "1024",
        "height": "768",
    }


MARKS = Marks(c2pa=True, iptc="trainedAlgorithmicMedia", aigc_label={"Label": "1", "标识": "是"})
LONG = Marks(c2pa=True, iptc="x", aigc_label={str(number): "标" * 500 for number in range(16)})


@pytest.mark.parametrize(
    ("marks", "found"),
    [
        (MARKS, MARKS),
        (Marks(), Marks()),
        (LONG, Marks(c2pa=True)),
        # An earlier version stored fields without a name, which a job's item can't have.
        (Marks(aigc_label={"": "x"}), Marks()),
        (Marks(aigc_label={"": "x", "Label": "1"}), Marks(aigc_label={"Label": "1"})),
    ],
)
def test_what_is_known_of_an_image_outlives_a_crash(
    cloud: Cloud, marks: Marks, found: Marks
) -> None:
    bucket = ImageBucket.connect(cloud.bucket)
    known = {"trailing_bytes": 7, "damage": "the file is cut"}
    facts = replace(facts_of(PICTURE), marks=marks, **known)  # type: ignore[arg-type]
    bucket.put_image(a_job_id(), 1, io.BytesIO(PICTURE), facts)
    earlier = bucket.find_image(a_job_id(), 1)
    assert earlier
    assert earlier.facts == replace(facts, marks=found)


def test_other_bytes_are_kept_as_inert_data(cloud: Cloud) -> None:
    bucket, s3 = ImageBucket.connect(cloud.bucket), boto3.client("s3")
    remains = Remains(bytes=len(PICTURE), sha256=facts_of(PICTURE).sha256)
    keys = {bucket.put_quarantined(a_job_id(), 2, io.BytesIO(PICTURE), remains) for _ in range(2)}
    (key,) = keys
    assert key == f"quarantine/{a_job_id()}/2-{remains.sha256[:16]}"
    there = s3.get_object(Bucket=cloud.bucket, Key=key)
    assert there["Body"].read() == PICTURE
    assert there["ContentType"] == "application/octet-stream"
    assert there["ContentDisposition"] == "attachment"
    assert there["Metadata"] == {"job-id": a_job_id()}
    into = io.BytesIO(b"longer than the picture, by far" * 99)
    assert bucket.read_object(key, into)
    assert into.read() == PICTURE
    assert not bucket.read_object(f"{key}0", into)


def test_quarantined_bytes_are_read_back_from_their_beginning(cloud: Cloud) -> None:
    bucket, into = ImageBucket.connect(cloud.bucket), io.BytesIO(b"what was there, and longer")
    content = io.BytesIO(PICTURE)
    content.seek(0, io.SEEK_END)
    remains = Remains(bytes=len(PICTURE), sha256=sha256(PICTURE).hexdigest())
    key = bucket.put_quarantined(a_job_id(), 2, content, remains)
    into.seek(3)
    assert bucket.read_object(key, into)
    assert (into.tell(), into.read()) == (0, PICTURE)
    assert not bucket.read_object(f"{key}-gone", into)


def test_an_error_while_reading_is_no_missing_object(cloud: Cloud) -> None:
    bucket = ImageBucket.connect(cloud.bucket)
    bucket._client.get_object = refusing("InternalError", 500)  # type: ignore[method-assign]
    with pytest.raises(TransferInterrupted, match="InternalError"):
        bucket.read_object("quarantine/x", io.BytesIO())


def test_a_quarantine_that_may_not_be_written_is_waited_for(cloud: Cloud) -> None:
    bucket = ImageBucket.connect(cloud.bucket)
    remains = Remains(bytes=len(PICTURE), sha256=facts_of(PICTURE).sha256)
    bucket._client.put_object = refusing("AccessDenied", 403)  # type: ignore[method-assign]
    with pytest.raises(NotConfigured):
        bucket.put_quarantined(a_job_id(), 2, io.BytesIO(PICTURE), remains)
    bucket._client.put_object = refusing("SlowDown", 503)  # type: ignore[method-assign]
    with pytest.raises(ClientError):
        bucket.put_quarantined(a_job_id(), 2, io.BytesIO(PICTURE), remains)


def test_an_image_is_not_written_over_with_other_bytes(cloud: Cloud) -> None:
    bucket = ImageBucket.connect(cloud.bucket)
    first = bucket.put_image(a_job_id(), 1, io.BytesIO(PICTURE), facts_of(PICTURE))
    others = b"other bytes"
    again = bucket.put_image(a_job_id(), 1, io.BytesIO(others), facts_of(others))
    assert again == first
    assert again.facts == facts_of(PICTURE)
    into = io.BytesIO(b"")
    bucket.read_image(first.key, into)
    assert (into.tell(), into.read()) == (0, PICTURE)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("ConditionalRequestConflict", 409),
        ("RequestTimeout", 400),
        ("SlowDown", 503),
        ("InternalError", 500),
    ],
)
def test_a_transient_error_of_s3_is_retryable(cloud: Cloud, code: str, status: int) -> None:
    bucket = ImageBucket.connect(cloud.bucket)
    bucket._client.put_object = refusing(code, status)  # type: ignore[method-assign]
    with pytest.raises(TransferInterrupted, match=f"^S3: {code}$"):
        bucket.put_image(a_job_id(), 1, io.BytesIO(PICTURE), facts_of(PICTURE))


@pytest.mark.parametrize(
    "error", [ReadTimeoutError, ConnectTimeoutError, EndpointConnectionError, SSLError]
)
def test_a_broken_connection_to_s3_is_retryable(cloud: Cloud, error: type[BotoCoreError]) -> None:
    bucket = ImageBucket.connect(cloud.bucket)

    def breaks(**_: Any) -> NoReturn:
        raise error(endpoint_url="https://s3.example", error="")

    bucket._client.put_object = breaks  # type: ignore[method-assign]
    with pytest.raises(TransferInterrupted, match=f"^S3: {error.__name__}$"):
        bucket.put_image(a_job_id(), 1, io.BytesIO(PICTURE), facts_of(PICTURE))


@pytest.mark.parametrize("kind", ImageFormat)
def test_a_stored_image_is_found_in_every_format(cloud: Cloud, kind: ImageFormat) -> None:
    bucket = ImageBucket.connect(cloud.bucket)
    facts = facts_of(PICTURE, kind)
    assert bucket.find_image(a_job_id(), 1) is None
    stored = bucket.put_image(a_job_id(), 1, io.BytesIO(PICTURE), facts)
    bucket.put_thumbnail(a_job_id(), 2, b"small")
    assert bucket.find_image(a_job_id(), 1) == stored
    assert bucket.find_image(a_job_id(), 2) is None


OURS = {"job-id": a_job_id(), "sha256": "0" * 64, "width": "1", "height": "1"}
FOREIGN: dict[str, dict[str, str]] = {
    "no metadata": {},
    "another job's": OURS | {"job-id": a_job_id(1)},
    "no checksum": OURS | {"sha256": "none"},
    "no size": OURS | {"width": "wide"},
}


@pytest.mark.parametrize("metadata", FOREIGN.values(), ids=FOREIGN)
def test_an_object_that_is_not_ours_does_not_get_in_an_image_s_way(
    cloud: Cloud, metadata: dict[str, str]
) -> None:
    bucket, s3 = ImageBucket.connect(cloud.bucket), boto3.client("s3")
    key = f"images/{a_job_id()}/1.png"
    s3.put_object(Bucket=cloud.bucket, Key=key, Body=b"foreign", Metadata=metadata)
    assert bucket.find_image(a_job_id(), 1) is None
    stored = bucket.put_image(a_job_id(), 1, io.BytesIO(PICTURE), facts_of(PICTURE))
    assert (stored.key, stored.facts) == (
        f"images/{a_job_id()}/1.copy.png",
        facts_of(PICTURE),
    )
    again = bucket.put_image(a_job_id(), 1, io.BytesIO(b"others"), facts_of(b"others"))
    assert again == bucket.find_image(a_job_id(), 1) == stored
    bodies = [s3.get_object(Bucket=cloud.bucket, Key=k)["Body"].read() for k in (key, stored.key)]
    assert bodies == [b"foreign", PICTURE]


def test_an_image_whose_keys_are_all_taken_by_others_is_refused(cloud: Cloud) -> None:
    for name in ("1.png", "1.copy.png"):
        key = f"images/{a_job_id()}/{name}"
        boto3.client("s3").put_object(Bucket=cloud.bucket, Key=key, Body=b"foreign")
    with pytest.raises(ImageRefused, match="objects that are not ours"):
        ImageBucket.connect(cloud.bucket).put_image(
            a_job_id(), 1, io.BytesIO(PICTURE), facts_of(PICTURE)
        )


def test_a_forbidden_key_is_not_found(cloud: Cloud) -> None:
    bucket = ImageBucket.connect(cloud.bucket)
    bucket._client.head_object = refusing("403", 403)  # type: ignore[method-assign]
    assert bucket.find_image(a_job_id(), 1) is None
    bucket._client.head_object = refusing("400", 400)  # type: ignore[method-assign]
    with pytest.raises(ClientError, match="400"):
        bucket.find_image(a_job_id(), 1)


def test_three_attempts_at_s3_fit_after_the_slowest_download(cloud: Cloud) -> None:
    config: Any = ImageBucket.connect(cloud.bucket)._client.meta.config
    tries = config.retries["total_max_attempts"]
    hangs = tries * (config.connect_timeout + config.read_timeout)
    timeout = load_template()["Resources"]["ArchiveImagesFunction"]["Properties"]["Timeout"]
    assert (MAX_START_DELAY + MAX_COPY_TIME).total_seconds() + hangs < timeout


def test_any_other_error_of_s3_is_raised(cloud: Cloud) -> None:
    with pytest.raises(ClientError, match="NoSuchBucket"):
        ImageBucket.connect("no-such-bucket").put_image(
            a_job_id(), 1, io.BytesIO(PICTURE), facts_of(PICTURE)
        )


def test_objects_are_tagged_for_lifecycle_rules(cloud: Cloud) -> None:
    bucket, s3 = ImageBucket.connect(cloud.bucket), boto3.client("s3")
    image = bucket.put_image(a_job_id(), 1, io.BytesIO(PICTURE), facts_of(PICTURE))
    thumbnail = bucket.put_thumbnail(a_job_id(), 1, b"small")
    bucket.put_record(a_job_id(), {})
    kinds = {image.key: "image", thumbnail: "thumbnail", f"images/{a_job_id()}/job.json": "record"}
    for key, kind in kinds.items():
        tags = s3.get_object_tagging(Bucket=cloud.bucket, Key=key)["TagSet"]
        assert tags == [{"Key": "ringback-kind", "Value": kind}]


def test_a_thumbnail_is_stored_beside_its_image(cloud: Cloud) -> None:
    bucket = ImageBucket.connect(cloud.bucket)
    for _ in range(2):
        key = bucket.put_thumbnail(a_job_id(), 3, b"small")
    assert key == f"images/{a_job_id()}/3.thumbnail.webp"
    stored = boto3.client("s3").get_object(Bucket=cloud.bucket, Key=key)
    assert (stored["Body"].read(), stored["ContentType"]) == (b"small", "image/webp")
    assert stored["Metadata"] == {"job-id": a_job_id()}


def test_the_checksum_is_sent_to_s3(cloud: Cloud) -> None:
    sent: dict[str, Any] = {}
    bucket = ImageBucket.connect(cloud.bucket)
    bucket._client.meta.events.register(
        "before-call.s3.PutObject", lambda params, **_: sent.update(params["headers"])
    )
    bucket.put_image(a_job_id(), 1, io.BytesIO(PICTURE), facts_of(PICTURE))
    # S3 verifies the bytes against this header; moto does not.
    assert b64decode(sent["x-amz-checksum-sha256"]) == sha256(PICTURE).digest()


def test_the_checksum_is_signed_instead_of_the_payload(cloud: Cloud) -> None:
    sent: dict[str, str] = {}
    bucket = ImageBucket.connect(cloud.bucket)
    bucket._client.meta.events.register_first(
        "before-send.s3.PutObject", lambda request, **_: sent.update(text(request.headers))
    )
    bucket.put_image(a_job_id(), 1, io.BytesIO(PICTURE), facts_of(PICTURE))
    assert sent["X-Amz-Content-SHA256"] == "UNSIGNED-PAYLOAD"
    signed = sent["Authorization"].partition("SignedHeaders=")[2].partition(",")[0]
    assert {"x-amz-checksum-sha256", "x-amz-content-sha256"} <= set(signed.split(";"))


def text(headers: Mapping[str, str | bytes]) -> dict[str, str]:
    return {k: v.decode() if isinstance(v, bytes) else v for k, v in headers.items()}


def test_the_record_is_stored_beside_the_images(cloud: Cloud) -> None:
    ImageBucket.connect(cloud.bucket).put_record(a_job_id(), {"prompt": "雪"})
    stored = boto3.client("s3").get_object(Bucket=cloud.bucket, Key=f"images/{a_job_id()}/job.json")
    assert json.loads(stored["Body"].read()) == {"prompt": "雪"}
    assert stored["ContentType"] == "application/json"


def test_only_the_first_bytes_of_an_input_image_are_read(cloud: Cloud) -> None:
    drops, s3 = DropBucket.connect(cloud.drop_bucket), boto3.client("s3")
    first = s3.put_object(Bucket=cloud.drop_bucket, Key="a b/ü.png", Body=b"x" * 5000)
    second = s3.put_object(Bucket=cloud.drop_bucket, Key="a b/ü.png", Body=b"y" * 3)
    assert drops.inspect("a b/ü.png") == DroppedObject(
        version=second["VersionId"], head=b"yyy", size=3
    )
    s3.delete_object(Bucket=cloud.drop_bucket, Key="a b/ü.png", VersionId=second["VersionId"])
    assert drops.inspect("a b/ü.png") == DroppedObject(
        version=first["VersionId"], head=b"x" * HEAD_BYTES, size=5000
    )
    s3.delete_object(Bucket=cloud.drop_bucket, Key="a b/ü.png")
    assert drops.inspect("a b/ü.png") is None


def test_an_empty_object_has_size_0(cloud: Cloud) -> None:
    boto3.client("s3").put_object(Bucket=cloud.drop_bucket, Key="empty.png", Body=b"")
    found = DropBucket.connect(cloud.drop_bucket).inspect("empty.png")
    assert found is not None
    assert (found.head, found.size) == (b"", 0)


def test_a_link_to_an_input_image_names_its_version(cloud: Cloud) -> None:
    drops = DropBucket.connect(cloud.drop_bucket)
    link = drops.link(f"s3://{cloud.drop_bucket}/a b/ü.png", "v1", timedelta(minutes=15))
    assert link.startswith(
        f"https://{cloud.drop_bucket}.s3.{REGION}.amazonaws.com/a%20b/%C3%BC.png?"
    )
    assert "X-Amz-Expires=900" in link
    assert "versionId=v1" in link


# ------------------------------------------------------------------ drops


def dropped(cloud: Cloud, key: str, body: bytes, **metadata: str) -> Drop:
    put = boto3.client("s3").put_object(
        Bucket=cloud.drop_bucket, Key=key, Body=body, Metadata=metadata
    )
    return Drop(bucket=cloud.drop_bucket, key=key, version=put["VersionId"])


def test_a_drop_is_described_by_version(cloud: Cloud) -> None:
    drops = DropBucket.connect(cloud.drop_bucket)
    first = dropped(cloud, "recipes/fox/ü 1.png", b"x" * 5, prompt="=?UTF-8?B?R3LDvG4=?=")
    dropped(cloud, "recipes/fox/ü 1.png", b"another")
    facts = drops.describe(first)
    assert facts is not None
    assert (facts.size, facts.metadata) == (5, {"prompt": "Grün"})
    assert facts.made_at.tzinfo is not None
    assert drops.read(first, most=3) == b"xxx"
    assert drops.newest("recipes/fox/ü 1.png", most=99) == b"another"
    assert drops.newest("recipes/fox/recipe.json", most=99) is None
    gone = Drop(bucket=cloud.drop_bucket, key=first.key, version="0" * 36)
    boto3.client("s3").delete_object(
        Bucket=cloud.drop_bucket, Key=first.key, VersionId=first.version
    )
    assert drops.describe(first) is None
    assert gone != first


@pytest.mark.parametrize("value", ["=?x-no?q?a?=", "=?utf-8?b?gA==?=", "=?="])
def test_metadata_that_only_looks_encoded_is_kept(cloud: Cloud, value: str) -> None:
    drop = dropped(cloud, "recipes/fox/1.png", b"x", prompt=value)
    facts = DropBucket.connect(cloud.drop_bucket).describe(drop)
    assert facts is not None
    assert facts.metadata["prompt"] in (value, "\ufffd")


def test_a_drop_with_a_key_of_maximum_length_has_receipts(cloud: Cloud) -> None:
    drops = DropBucket.connect(cloud.drop_bucket)
    drop = Drop(bucket=cloud.drop_bucket, key="requests/" + "ü" * 500 + ".csv", version="v")
    put(drops, drop, b"one\n", seen=START, row=2)
    put_summary(drops, drop, {})
    put_table(drops, drop, [b"one"])
    for ending, content in ((".jsonl", b"one\n"), (".csv", b"one"), (".summary.json", b"{}")):
        assert drops.newest(f"receipts/{drop.fingerprint}{ending}", most=9) == content


def test_a_sheet_is_read_in_parts_from_any_offset(cloud: Cloud) -> None:
    drops = DropBucket.connect(cloud.drop_bucket)
    content = b"a\r\n" + b"x" * 200_000 + b"\n\xff\nthe last"
    drop = dropped(cloud, "requests/a.csv", content)
    read = list(drops.parts(drop, start=0))
    assert b"".join(read) == content
    assert max(map(len, read)) == READ_SIZE
    assert list(drops.parts(drop, start=len(content) - 3)) == [b"ast"]
    assert list(drops.parts(drop, start=len(content))) == []
    assert drops.read(drop, most=READ_SIZE + 1) == content[: READ_SIZE + 1]
    empty = dropped(cloud, "requests/b.csv", b"")
    assert (list(drops.parts(empty, start=0)), drops.read(empty, most=9)) == ([], b"")


def test_a_sheet_is_read_by_version(cloud: Cloud) -> None:
    drops = DropBucket.connect(cloud.drop_bucket)
    older, newer = (dropped(cloud, "requests/a.csv", body) for body in (b"old\n1\n", b"new\n2\n"))
    assert list(drops.parts(older, start=0)) == [b"old\n1\n"]
    assert list(drops.parts(newer, start=4)) == [b"2\n"]


def test_ignored_ranges_are_handled(cloud: Cloud) -> None:
    drops = DropBucket.connect(cloud.drop_bucket)
    get_object = drops._client.get_object

    def whole(**wanted: Any) -> Any:
        return get_object(**{name: value for name, value in wanted.items() if name != "Range"})

    drops._client.get_object = whole  # type: ignore[method-assign]
    drop = dropped(cloud, "requests/a.csv", b"one\ntwo\n" * 50)
    found = drops.inspect(drop.key, version=drop.version)
    assert found is not None
    assert (found.size, len(found.head), found.version) == (400, HEAD_BYTES, drop.version)
    assert b"".join(drops.parts(drop, start=396)) == b"two\n"
    assert drops.read(drop, most=3) == b"one"


def test_a_version_of_an_image_is_copied(cloud: Cloud) -> None:
    drops = DropBucket.connect(cloud.drop_bucket)
    first, _ = (dropped(cloud, "photos/ü.png", body) for body in (b"one", b"another"))
    content = io.BytesIO()
    drops.copy(first.key, first.version, into=content)
    assert content.getvalue() == b"one"
    boto3.client("s3").delete_object(
        Bucket=cloud.drop_bucket, Key=first.key, VersionId=first.version
    )
    with pytest.raises(InputImageRefused, match="the object does not exist"):
        drops.copy(first.key, first.version, into=content)


def put(drops: DropBucket, drop: Drop, lines: bytes, *, seen: Progress, row: int) -> Progress:
    to = replace(seen, row=row)
    drops.put_receipts(drop, lines, seen=seen, to=to)
    return to


NOTHING = Settled()


def put_table(
    drops: DropBucket,
    drop: Drop,
    lines: Sequence[bytes],
    *,
    made_at: datetime = NOON,
    before: Settled = NOTHING,
    settled: Settled = NOTHING,
) -> None:
    drops.put_table(drop, lines, made_at=made_at, before=before, settled=lambda: settled)


def put_summary(
    drops: DropBucket,
    drop: Drop,
    summary: Mapping[str, Any],
    results: Sequence[bytes] | None = None,
    *,
    made_at: datetime = NOON,
    before: Settled = NOTHING,
    settled: Settled = NOTHING,
) -> None:
    drops.put_summary(drop, summary, results, made_at=made_at, before=before, settled=settled)


def receipts(drops: DropBucket) -> bytes | None:
    return drops.newest("receipts/requests/a.csv.jsonl", most=99)


START = Progress(made_at=NOON)


def test_receipts_grow_and_unrecorded_lines_are_replaced(cloud: Cloud) -> None:
    drops, drop = DropBucket.connect(cloud.drop_bucket), dropped(cloud, "requests/a.csv", b"x")
    first = put(drops, drop, b"one\n", seen=START, row=2)
    put(drops, drop, b"two\n", seen=first, row=3)
    assert receipts(drops) == b"one\ntwo\n"
    put(drops, drop, b"2\n3\n", seen=first, row=4)
    assert receipts(drops) == b"one\n2\n3\n"


def test_receipts_are_truncated_between_lines(cloud: Cloud) -> None:
    drops, drop = DropBucket.connect(cloud.drop_bucket), dropped(cloud, "requests/a.csv", b"x")
    put(drops, drop, b"one, at length\n2\n", seen=START, row=3)
    # Another call, which read fewer rows and whose progress was recorded.
    put(drops, drop, b"two\nthree\n", seen=replace(START, row=2), row=4)
    assert receipts(drops) == b"one, at length\ntwo\nthree\n"
    put(drops, drop, b"2\n", seen=replace(START, row=2), row=5)
    assert receipts(drops) == b"one, at length\n2\n"


def test_a_late_write_of_fewer_rows_is_ignored(cloud: Cloud) -> None:
    drops, drop = DropBucket.connect(cloud.drop_bucket), dropped(cloud, "requests/a.csv", b"x")
    first = put(drops, drop, b"one\n", seen=START, row=2)
    second = put(drops, drop, b"two\n", seen=first, row=3)
    assert put(drops, drop, b"one\n", seen=START, row=2) == first
    assert receipts(drops) == b"one\ntwo\n"
    put(drops, drop, b"three\n", seen=second, row=4)
    assert receipts(drops) == b"one\ntwo\nthree\n"


def test_a_newer_version_replaces_receipts_and_summary(cloud: Cloud) -> None:
    drops = DropBucket.connect(cloud.drop_bucket)
    older, newer = (dropped(cloud, "requests/a.csv", body) for body in (b"x", b"y"))
    later = replace(START, made_at=NOON + timedelta(seconds=5))
    first = put(drops, older, b"1 of the older\n", seen=START, row=2)
    put(drops, newer, b"1\n", seen=later, row=2)
    put(drops, older, b"2 of the older\n", seen=first, row=3)
    assert receipts(drops) == b"1\n"
    put_summary(drops, newer, {"of": "newer"}, made_at=later.made_at)
    put_summary(drops, older, {"of": "older"})
    written = drops.newest("receipts/requests/a.csv.summary.json", most=99)
    assert json.loads(written or b"") == {"of": "newer"}


def test_a_concurrent_write_is_not_overwritten(cloud: Cloud) -> None:
    drops, drop = DropBucket.connect(cloud.drop_bucket), dropped(cloud, "requests/a.csv", b"x")
    first = put(drops, drop, b"one\n", seen=START, row=2)
    put_over = drops._receipts._put_over

    def meanwhile(etag: str | None, **wanted: Any) -> None:
        drops._receipts._put_over = put_over  # type: ignore[method-assign]
        put(drops, drop, b"two\n", seen=first, row=3)
        put_over(etag, **wanted)

    drops._receipts._put_over = meanwhile  # type: ignore[method-assign]
    with pytest.raises(ClientError, match="PreconditionFailed"):
        put(drops, drop, b"two, again\n", seen=first, row=3)
    assert receipts(drops) == b"one\ntwo\n"


def test_a_summary_is_stored_beside_the_receipts_and_replaced(cloud: Cloud) -> None:
    drops, drop = DropBucket.connect(cloud.drop_bucket), dropped(cloud, "requests/a.csv", b"x")
    for state in ("running", "final"):
        put_summary(drops, drop, {"state": state, "source": "ü"})
    written = drops.newest("receipts/requests/a.csv.summary.json", most=999)
    assert json.loads(written or b"") == {"state": "final", "source": "ü"}


def versions_of(cloud: Cloud, key: str) -> int:
    answer = boto3.client("s3").list_object_versions(Bucket=cloud.drop_bucket, Prefix=key)
    return len(answer["Versions"])


def test_what_says_nothing_new_is_not_written_again(cloud: Cloud) -> None:
    """Each version is paid for, and each makes an event."""
    drops, drop = DropBucket.connect(cloud.drop_bucket), dropped(cloud, "requests/a.csv", b"x")
    for state, minute in (("running", 1), ("running", 2), ("final", 3)):
        put_summary(drops, drop, {"state": state, "updated_at": minute})
        put_table(drops, drop, [b"state\n", state.encode()])
    assert drops.newest("receipts/requests/a.csv.csv", most=99) == b"state\nfinal"
    assert versions_of(cloud, "receipts/requests/a.csv.summary.json") == 2
    assert versions_of(cloud, "receipts/requests/a.csv.csv") == 2
    newer = dropped(cloud, "requests/a.csv", b"y")
    put_table(drops, newer, [b"newer"], made_at=NOON + timedelta(1))
    put_table(drops, drop, [b"older"])
    assert drops.newest("receipts/requests/a.csv.csv", most=99) == b"newer"


SETTLED = Settled(
    row=3,
    table_bytes=9,
    results_bytes=10,
    jobs={"succeeded": 1, "failed": 1},
    credits=Decimal("3.5"),
    with_credits=1,
    client="für Anna",
)


def report(drops: DropBucket, drop: Drop, lines: bytes, results: bytes, **state: Any) -> None:
    put_table(drops, drop, [lines], **state)
    put_summary(drops, drop, {"rows": 5}, [results], **state)


def reported(drops: DropBucket) -> tuple[bytes | None, Any]:
    table, summary = (
        drops.newest(f"receipts/requests/a.csv.{ending}", most=999)
        for ending in ("csv", "summary.json")
    )
    return table, json.loads(summary or b"null")


def test_a_report_keeps_what_was_settled_before(cloud: Cloud) -> None:
    drops, drop = DropBucket.connect(cloud.drop_bucket), dropped(cloud, "requests/a.csv", b"x")
    assert drops.settled(drop) == NOTHING
    report(drops, drop, b"row\n1\n22\n3?\n", b'\n"settled",\n"open"', settled=SETTLED)
    assert drops.settled(drop) == SETTLED
    later = replace(SETTLED, row=4, table_bytes=11, results_bytes=19)
    report(drops, drop, b"3\n4\n", b',\n"ended"', before=SETTLED, settled=later)
    summary = {"rows": 5, "results": ["settled", "ended"]}
    assert reported(drops) == (b"row\n1\n22\n3\n4\n", summary)
    assert drops.settled(drop) == later
    assert drops.settled(replace(drop, version="v0")) == NOTHING
    put_summary(drops, drop, {"rows": 6}, [])
    assert reported(drops)[1] == {"rows": 6, "results": []}


def test_what_settles_with_time_is_noted_in_both(cloud: Cloud) -> None:
    """Only the summary says anything new: its state."""
    drops, drop = DropBucket.connect(cloud.drop_bucket), dropped(cloud, "requests/a.csv", b"x")
    report(drops, drop, b"123456789", b'\n"settled"', settled=SETTLED)
    later = replace(SETTLED, row=4)
    put_table(drops, drop, [], before=SETTLED, settled=later)
    put_summary(drops, drop, {"rows": 6}, [], before=SETTLED, settled=later)
    assert drops.settled(drop) == later


@pytest.mark.parametrize("note", ["", "{", "[]", "{}", '{"credits": "x"}', '{"credits": []}'])
def test_a_note_that_is_none_settles_nothing(cloud: Cloud, note: str) -> None:
    """Its owner may have copied the object with other metadata."""
    drops, drop = DropBucket.connect(cloud.drop_bucket), dropped(cloud, "requests/a.csv", b"x")
    for key in (drop.table_key, drop.summary_key):
        metadata = {"drop-version": drop.version, "drop-settled": note}
        boto3.client("s3").put_object(Bucket=cloud.drop_bucket, Key=key, Metadata=metadata)
    assert drops.settled(drop) == NOTHING


def test_what_was_settled_counts_only_if_both_say_so(cloud: Cloud) -> None:
    """A crash came between the two, or their owner has replaced one."""
    drops, drop = DropBucket.connect(cloud.drop_bucket), dropped(cloud, "requests/a.csv", b"x")
    report(drops, drop, b"123456789", b'\n"settled"', settled=SETTLED)
    put_table(drops, drop, [b"0"], before=SETTLED, settled=replace(SETTLED, row=4))
    assert drops.settled(drop) == NOTHING
    with pytest.raises(ReceiptsReplaced):
        put_table(drops, drop, [b"0"], before=SETTLED, settled=SETTLED)
    boto3.client("s3").put_object(Bucket=cloud.drop_bucket, Key=drop.table_key, Body=b"mine")
    assert drops.settled(drop) == NOTHING
    with pytest.raises(ReceiptsReplaced):
        put_table(drops, drop, [b"0"], before=SETTLED, settled=SETTLED)
    put_table(drops, drop, [b"all of it"], settled=SETTLED)
    assert drops.settled(drop) == SETTLED
    assert reported(drops)[0] == b"all of it"


def test_receipts_are_read_line_by_line_if_they_are_of_this_version(cloud: Cloud) -> None:
    drops, drop = DropBucket.connect(cloud.drop_bucket), dropped(cloud, "requests/a.csv", b"x")
    assert list(drops.receipts(drop)) == []
    long = json.dumps({"row": 2, "prompt": "x" * READ_SIZE}).encode()
    lines = [b'{"row": 1}', long, b"null", b"[]", b"\xff", b"{", b"", b'{"row": 8}']
    put(drops, drop, b"\n".join(lines) + b"\n", seen=START, row=9)
    assert list(drops.receipts(drop)) == [
        {"row": 1},
        json.loads(long),
        *[{}] * 5,
        {"row": 8},
    ]
    assert list(drops.receipts(drop, after=6)) == [{}, {"row": 8}]
    assert list(drops.receipts(replace(drop, version="other"))) == []


def refusing(code: str, status: int = 400) -> Callable[..., NoReturn]:
    def refuse(**_: Any) -> NoReturn:
        response: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
        raise ClientError(response, "GetObject")

    return refuse


def test_a_key_too_long_for_s3_is_not_found(cloud: Cloud) -> None:
    drops = DropBucket.connect(cloud.drop_bucket)
    drops._client.get_object = refusing("KeyTooLongError")  # type: ignore[method-assign]
    assert drops.inspect("x" * 1025) is None


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("InvalidObjectState", "archived"),  # in Glacier
        ("InvalidRequest", "encrypted"),  # SSE-C
        ("AccessDenied", "denied"),  # for example by its KMS key policy
    ],
)
def test_an_unreadable_object_is_refused_with_a_reason(cloud: Cloud, code: str, words: str) -> None:
    drops = DropBucket.connect(cloud.drop_bucket)
    drops._client.get_object = refusing(code, 403)  # type: ignore[method-assign]
    with pytest.raises(InputImageRefused, match=f"^the image .*{words}"):
        drops.inspect("a.png")
    drop = Drop(bucket=cloud.drop_bucket, key="requests/a.csv", version="v")
    with pytest.raises(SheetRefused, match=f"^the file .*{words}"):
        list(drops.parts(drop, start=0))
    with pytest.raises(SheetRefused, match=f"^the file .*{words}"):
        drops.read(drop, most=9)
    with pytest.raises(SheetRefused, match=f"^recipes/a/recipe.json .*{words}"):
        drops.newest("recipes/a/recipe.json", most=9)


@pytest.mark.parametrize(("code", "words"), [("400", "encrypted"), ("403", "denied")])
def test_a_refused_head_has_a_reason(cloud: Cloud, code: str, words: str) -> None:
    drops = DropBucket.connect(cloud.drop_bucket)
    drops._client.head_object = refusing(code, int(code))  # type: ignore[method-assign]
    with pytest.raises(SheetRefused, match=f"^the file .*{words}"):
        drops.describe(Drop(bucket=cloud.drop_bucket, key="requests/a.csv", version="v"))


def test_any_other_error_of_the_drop_bucket_is_raised(cloud: Cloud) -> None:
    drops = DropBucket.connect(cloud.drop_bucket)
    drops._client.get_object = refusing("SlowDown", 503)  # type: ignore[method-assign]
    with pytest.raises(ClientError, match="SlowDown"):
        drops.inspect("a.png")


DROP = Drop(bucket="drops", key="requests/ü.csv", version="v1")
SOME = Progress(
    made_at=NOON,
    row=501,
    offset=70_000,
    bad_rows=3,
    credits_low=Decimal("17.5"),
    credits_high=Decimal("22.25"),
    without_price=1,
    fault="why",
)


@pytest.mark.parametrize("kind", ["in_memory", "dynamo_db"])
def test_progress_advances_only_from_what_was_read(cloud: Cloud, kind: str) -> None:
    stored = DropProgressTable.connect(cloud.table)
    progress: DropProgress = InMemoryDropProgress() if kind == "in_memory" else stored
    assert progress.read(DROP) is None
    assert progress.advance(DROP, seen=None, to=SOME, at=NOON)
    assert not progress.advance(DROP, seen=None, to=replace(SOME, row=1), at=NOON)
    assert progress.read(DROP) == SOME
    after = replace(SOME, row=901, done=True)
    assert progress.advance(DROP, seen=SOME, to=after, at=NOON)
    assert not progress.advance(DROP, seen=SOME, to=replace(SOME, row=700), at=NOON)
    # The call that ends a drop may have read no row: then only `done` differs.
    assert not progress.advance(
        DROP, seen=replace(after, done=False), to=replace(after, row=950), at=NOON
    )
    assert progress.read(DROP) == after
    assert progress.read(replace(DROP, version="v2")) is None


def test_a_drop_is_finished_once(cloud: Cloud) -> None:
    table = DropProgressTable.connect(cloud.table)
    end = FinishedDrop(drop=DROP, client="drop", at=NOON, summary={"rows": 3, "credits": 3.5})
    table.finish(end)  # nothing is left of its progress
    assert table.read(DROP) is None
    table.advance(DROP, seen=None, to=SOME, at=NOON)
    (before,) = boto3.client("dynamodb").scan(TableName=cloud.table)["Items"]
    table.finish(end)
    table.finish(replace(end, at=NOON + timedelta(days=1)))
    assert table.read(DROP) == SOME
    (after,) = boto3.client("dynamodb").scan(TableName=cloud.table)["Items"]
    # ``client`` and ``source`` as attributes of their own would put it into the indexes.
    assert after.keys() - before.keys() == {"finished"}
    images = {"Keys": {"job_id": after["job_id"]}, "OldImage": before, "NewImage": after}
    assert read_change({"dynamodb": images}) == end


def test_the_progress_of_a_drop_outlives_its_messages(cloud: Cloud) -> None:
    """Otherwise the rows of a sheet that is read for weeks would be paid for again."""
    at = SOME.made_at + timedelta(days=40)
    DropProgressTable.connect(cloud.table).advance(DROP, seen=None, to=SOME, at=at)
    (item,) = boto3.client("dynamodb").scan(TableName=cloud.table)["Items"]
    two_weeks_later = at + timedelta(days=14)
    assert int(item["forget_at"]["N"]) > two_weeks_later.timestamp()


def test_an_unconfirmed_submit_message_is_retryable(cloud: Cloud) -> None:
    with pytest.raises(TryAgain):
        SqsSubmitQueue.connect(f"{cloud.submit_queue}-gone").add(a_job_id(), delay=0, slot=None)


def test_a_key_whose_job_is_forgotten_finds_nothing(cloud: Cloud) -> None:
    """TTL deletes the two items in any order."""
    table = JobTable.connect(cloud.table)
    job = table.create(a_job(idempotency_key="k")).job
    key = {"job_id": {"S": job.job_id}}
    boto3.client("dynamodb").delete_item(TableName=cloud.table, Key=key)
    assert table.with_key(job.client, "k") is None


def test_unprocessed_keys_are_requested_again(cloud: Cloud) -> None:
    table = JobTable.connect(cloud.table)
    jobs = [table.create(a_job(number=number)).job for number in (1, 2, 3)]
    batch_get_item, asked = table._client.batch_get_item, list[int]()

    def one_at_a_time(RequestItems: Any) -> Any:  # noqa: N803
        wanted = RequestItems[cloud.table]
        first, *others = wanted["Keys"]
        asked.append(1 + len(others))
        answer = batch_get_item(RequestItems={cloud.table: wanted | {"Keys": [first]}})
        unread = {cloud.table: wanted | {"Keys": others}} if others else {}
        return answer | {"UnprocessedKeys": unread}

    table._client.batch_get_item = one_at_a_time  # type: ignore[method-assign, assignment]
    found = table.find([job.job_id for job in jobs])
    assert list(found) == jobs
    assert asked == [3, 2, 1]


def test_a_long_delay_begins_with_its_remainder(cloud: Cloud) -> None:
    queue, seen = SqsSubmitQueue.connect(cloud.submit_queue), list[int]()
    queue._client.meta.events.register(
        "provide-client-params.sqs.SendMessage",
        lambda params, **_: seen.append(params["DelaySeconds"]),
    )
    for delay in (0, 900, 901, 1799, 1800, 5001):
        queue.add(a_job_id(), delay=delay, slot=None)
    assert seen == [0, 900, 1, 899, 900, 501]


ANSWERS = [
    TaskCreated(task_id=TASK),
    TaskRefused(code="429", message="慢一点", retry_after=10, too_fast=True),
    TaskRefused(code="422", message="no"),
    OutcomeUnknown(reason="HTTP 200, code 422", task_id=TASK),
]


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_is_read_back_from_its_message(cloud: Cloud, answer: Submission) -> None:
    answered = Answered(job_id=a_job_id(), attempt_id="0123456789abcdef", answer=answer)
    SqsSubmitQueue.connect(cloud.submit_queue).add_answer(answered, delay=0)
    [message] = cloud.messages(cloud.submit_queue)
    assert read_answered(message) == answered
    # What it is called by when it fails, as a turn is.
    assert message["job_id"] == a_job_id()


def test_what_an_attempt_is_part_of_is_read_back_with_its_answer(cloud: Cloud) -> None:
    answered = Answered(
        job_id=a_job_id(),
        attempt_id="0123456789abcdef",
        answer=TaskCreated(task_id=TASK),
        is_trial=True,
        is_nudge=True,
        account_refusals=3,
    )
    assert all(getattr(answered, field.name) for field in fields(Answered))
    SqsSubmitQueue.connect(cloud.submit_queue).add_answer(answered, delay=0)
    [message] = cloud.messages(cloud.submit_queue)
    assert read_answered(message) == answered


def test_a_turn_is_no_answer(cloud: Cloud) -> None:
    SqsSubmitQueue.connect(cloud.submit_queue).add(a_job_id(), delay=0, slot=7)
    [message] = cloud.messages(cloud.submit_queue)
    assert read_answered(message) is None


@pytest.mark.parametrize("check", [FULL_CHECK, Check(job_id=a_job_id())])
def test_a_check_is_read_back_from_its_message(cloud: Cloud, check: Check) -> None:
    SqsCheckQueue.connect(cloud.check_queue).add(check, delay=0)
    [message] = boto3.client("sqs").receive_message(
        QueueUrl=cloud.check_queue, MessageAttributeNames=["All"]
    )["Messages"]
    attributes = {
        name: {"stringValue": given["StringValue"], "dataType": given["DataType"]}
        for name, given in message.get("MessageAttributes", {}).items()
    }
    record = {"messageId": "1", "body": message["Body"], "messageAttributes": attributes}
    seen = list[Check | Probe]()

    def process(checks: Sequence[Check | Probe]) -> list[Exception | None]:
        seen.extend(checks)
        return [None] * len(checks)

    process_together({"Records": [record]}, from_message, process, Logger(), Metrics({}))
    assert seen == [check]


def test_the_first_version_can_read_a_check(cloud: Cloud) -> None:
    """It passes every field of the body to its own ``Check``, which has these three."""
    SqsCheckQueue.connect(cloud.check_queue).add(FULL_CHECK, delay=0)
    received = boto3.client("sqs").receive_message(QueueUrl=cloud.check_queue)
    [message] = received["Messages"]
    known = {"job_id", "claimed_task", "contradicts_failure"}
    assert json.loads(message["Body"]).keys() == known


def test_the_first_version_fails_on_an_answer(cloud: Cloud) -> None:
    """It would acknowledge a message that it can't read, but not one with a drop that is none."""
    answered = Answered(job_id=a_job_id(), attempt_id="0", answer=TaskCreated(task_id=TASK))
    SqsSubmitQueue.connect(cloud.submit_queue).add_answer(answered, delay=0)
    [message] = cloud.messages(cloud.submit_queue)
    with pytest.raises(TypeError):
        Drop(**message["drop"])


def test_messages_carry_ids(cloud: Cloud) -> None:
    a_claim = Check(job_id=a_job_id(), claimed_task=TASK, contradicts_failure=True)
    SqsSubmitQueue.connect(cloud.submit_queue).add(a_job_id(), delay=0, slot=7)
    SqsCheckQueue.connect(cloud.check_queue).add(a_claim, delay=0)
    SqsArchiveQueue.connect(cloud.archive_queue).add(a_job_id(), attempt=4)
    SqsDropQueue.connect(cloud.drop_queue).go_on(DROP)
    SqsSummaryQueue.connect(cloud.summary_queue).add(DROP, delay=0)
    for queue in (cloud.drop_queue, cloud.summary_queue):
        (message,) = cloud.messages(queue)
        assert dropped_objects(message) == [DROP]
    SqsThumbnailQueue.connect(cloud.thumbnail_queue).add(a_job_id(), [2])
    SqsThumbnailQueue.connect(cloud.thumbnail_queue).add(a_job_id(), [3, 4])
    one, two = cloud.messages(cloud.thumbnail_queue)
    assert one == {"job_id": a_job_id(), "number": 2}
    assert two == {"job_id": a_job_id(), "number": 3, "numbers": [3, 4]}
    assert [images_named_in(each) for each in (one, two)] == [[2], [3, 4]]
    assert cloud.messages(cloud.submit_queue) == [{"job_id": a_job_id(), "slot": 7}]
    assert cloud.messages(cloud.check_queue) == [
        {"job_id": a_job_id(), "claimed_task": TASK, "contradicts_failure": True}
    ]
    assert cloud.messages(cloud.archive_queue) == [{"job_id": a_job_id(), "attempt": 4}]


def test_messages_about_an_account_and_a_file_are_read_back(cloud: Cloud) -> None:
    probe = Probe(provider="kie", probe_id="a" * 16)
    SqsCheckQueue.connect(cloud.check_queue).add_probe(probe, delay=0)
    assert [from_message(each) for each in cloud.messages(cloud.check_queue)] == [probe]
    SqsSubmitQueue.connect(cloud.submit_queue).nudge(a_job_id())
    assert cloud.messages(cloud.submit_queue) == [
        {"job_id": a_job_id(), "slot": None, "nudge": True}
    ]
    rows = RowsToRetry(
        source="requests/kites.csv",
        client="drop",
        newest=a_job_id(9),
        requested_at=NOON,
        before=a_job_id(4),
        made=3,
    )
    drops = SqsDropQueue.connect(cloud.drop_queue)
    drops.retry(rows)
    [message] = cloud.messages(cloud.drop_queue)
    assert read_retry(message) == rows
    message["retry"]["of_a_newer_version"] = 1
    assert read_retry(message) == rows
    assert read_retry({"drop": asdict(DROP)}) is None


@pytest.mark.parametrize("is_trial", [False, True])
def test_an_answer_is_read_back(cloud: Cloud, *, is_trial: bool) -> None:
    answer = TaskCreated(task_id=TASK)
    answered = Answered(job_id=a_job_id(), attempt_id="0", answer=answer, is_trial=is_trial)
    SqsSubmitQueue.connect(cloud.submit_queue).add_answer(answered, delay=0)
    [message] = cloud.messages(cloud.submit_queue)
    assert read_answered(message) == answered
    del message["is_trial"]
    assert read_answered(message) == replace(answered, is_trial=False)


@pytest.mark.parametrize(("asked", "sent"), [(0, 0), (10, 10), (900, 900), (86_400, 900)])
def test_a_delay_is_at_most_what_sqs_allows(cloud: Cloud, asked: int, sent: int) -> None:
    queue = SqsCheckQueue.connect(cloud.check_queue)
    seen: list[int] = []
    queue._client.meta.events.register(
        "provide-client-params.sqs.SendMessage",
        lambda params, **_: seen.append(params["DelaySeconds"]),
    )
    queue.add(Check(job_id=a_job_id()), delay=asked)
    assert seen == [sent]


def test_a_secret_is_read_again_after_a_minute(cloud: Cloud) -> None:
    seconds = 0.0
    read = JsonSecret(boto3.client("secretsmanager"), cloud.kie_secret, clock=lambda: seconds)
    assert read()["api_key"] == "kie-key"
    cloud.put_secret(cloud.kie_secret, {"api_key": "rotated"})
    seconds = FRESH_SECONDS - 1
    assert read()["api_key"] == "kie-key"
    assert read(at_most_old=2)["api_key"] == "rotated"
    cloud.put_secret(cloud.kie_secret, {"api_key": "rotated again"})
    seconds += FRESH_SECONDS
    assert read()["api_key"] == "rotated again"


def test_a_secret_without_a_value_is_looked_for_every_minute(cloud: Cloud) -> None:
    seconds, client = 0.0, boto3.client("secretsmanager")
    arn = client.create_secret(Name="new")["ARN"]
    read = JsonSecret(client, arn, fresh=LASTING_SECONDS, clock=lambda: seconds)
    assert read() == {}
    cloud.put_secret(arn, {"current": "x"})
    seconds = FRESH_SECONDS
    assert read() == {"current": "x"}


def test_a_secret_is_refreshed_when_a_value_is_refused(cloud: Cloud) -> None:
    """Strangers' values are refused as well: they cost a read in ten seconds at most."""
    seconds, client = 0.0, boto3.client("secretsmanager")
    read = JsonSecret(client, cloud.kie_secret, fresh=LASTING_SECONDS, clock=lambda: seconds)
    seconds = LASTING_SECONDS - 1
    assert read()["api_key"] == "kie-key"
    seconds += RETRY_SECONDS
    assert not read.refresh()
    cloud.put_secret(cloud.kie_secret, {"api_key": "rotated"})
    assert not read.refresh()
    assert read()["api_key"] == "kie-key"
    seconds += RETRY_SECONDS
    assert refresh_all([dict, read])
    assert read()["api_key"] == "rotated"


@pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException"])
def test_a_secret_that_cannot_be_refreshed_serves_on(cloud: Cloud, code: str) -> None:
    seconds, calls = 0.0, 0
    read = JsonSecret(boto3.client("secretsmanager"), cloud.kie_secret, clock=lambda: seconds)
    assert read()["api_key"] == "kie-key"

    def breaks(**_: Any) -> NoReturn:
        nonlocal calls
        calls += 1
        raise ClientError({"Error": {"Code": code}}, "GetSecretValue")

    read._client.get_secret_value = breaks  # type: ignore[method-assign]
    for seconds in (RETRY_SECONDS, RETRY_SECONDS + 1, 2 * RETRY_SECONDS):  # noqa: B007
        assert not read.refresh()
        assert read()["api_key"] == "kie-key"
    assert calls == 2


@pytest.mark.parametrize("text", ["the key itself", "[]", '"x"', ""])
def test_a_secret_that_is_no_json_object_is_named(cloud: Cloud, text: str) -> None:
    boto3.client("secretsmanager").put_secret_value(
        SecretId=cloud.kie_secret, SecretString=text or " "
    )
    with pytest.raises(NotConfigured, match=r"secret:kie-.* is not a JSON object"):
        JsonSecret.connect(cloud.kie_secret)()


def test_a_secret_with_a_repeated_name_is_refused_by_name(cloud: Cloud) -> None:
    text = '{"api_key": "a", "api_key": "b"}'
    boto3.client("secretsmanager").put_secret_value(SecretId=cloud.kie_secret, SecretString=text)
    with pytest.raises(NotConfigured, match="api_key is given more than once"):
        JsonSecret.connect(cloud.kie_secret)()


def test_an_empty_secret_is_empty(cloud: Cloud) -> None:
    """The local AWS has one for a secret without a value."""
    secret = JsonSecret.connect(cloud.kie_secret)
    secret._client.get_secret_value = lambda **_: {"SecretString": ""}  # type: ignore[method-assign, assignment]
    assert secret() == {}


def test_a_secret_without_a_value_is_empty(cloud: Cloud) -> None:
    """The template makes it so; a key, and a client's key, is then missing and nothing fails."""
    arn = boto3.client("secretsmanager").create_secret(Name="new")["ARN"]
    assert JsonSecret.connect(arn)() == {}


def test_a_binary_secret_is_not_configured(cloud: Cloud) -> None:
    boto3.client("secretsmanager").put_secret_value(SecretId=cloud.kie_secret, SecretBinary=b"{}")
    with pytest.raises(NotConfigured, match="is not a JSON object"):
        JsonSecret.connect(cloud.kie_secret)()


@pytest.mark.parametrize(
    "code", ["AccessDeniedException", "DecryptionFailure", "InvalidRequestException"]
)
def test_a_secret_that_may_not_be_read_is_not_configured(cloud: Cloud, code: str) -> None:
    read = JsonSecret.connect(cloud.kie_secret)
    read._client.get_secret_value = refusing(code, 400)  # type: ignore[method-assign]
    with pytest.raises(NotConfigured, match=code):
        read()


SECRET_OUTAGES: dict[str, Exception] = {
    "throttled": ClientError({"Error": {"Code": "ThrottlingException"}}, "GetSecretValue"),
    "down": ClientError({"Error": {"Code": "InternalServiceError"}}, "GetSecretValue"),
    "unreachable": EndpointConnectionError(endpoint_url="https://secrets.example"),
}


@pytest.mark.parametrize("outage", SECRET_OUTAGES.values(), ids=SECRET_OUTAGES)
def test_a_secret_that_was_read_once_serves_through_an_outage(
    cloud: Cloud, outage: Exception
) -> None:
    seconds, calls = 0.0, 0
    read = JsonSecret(boto3.client("secretsmanager"), cloud.kie_secret, clock=lambda: seconds)
    get_secret_value = read._client.get_secret_value

    def breaks(**_: Any) -> NoReturn:
        nonlocal calls
        calls += 1
        raise outage

    assert read()["api_key"] == "kie-key"
    read._client.get_secret_value = breaks  # type: ignore[method-assign]
    for seconds in (FRESH_SECONDS, FRESH_SECONDS + 1, STALE_SECONDS - 1):  # noqa: B007
        assert read()["api_key"] == "kie-key"
    assert calls == 2
    # Who needs a newer value than that gets none: a new client key is not refused by mistake.
    with pytest.raises(ProviderUnavailable):
        read(at_most_old=2)
    seconds = STALE_SECONDS
    with pytest.raises(ProviderUnavailable):
        read()
    cloud.put_secret(cloud.kie_secret, {"api_key": "rotated"})
    read._client.get_secret_value = get_secret_value  # type: ignore[method-assign]
    seconds += RETRY_SECONDS
    assert read()["api_key"] == "rotated"


def test_a_secret_that_was_never_read_is_tried_again_later(cloud: Cloud) -> None:
    read = JsonSecret.connect(cloud.kie_secret)
    read._client.get_secret_value = refusing("ThrottlingException", 400)  # type: ignore[method-assign]
    with pytest.raises(ProviderUnavailable, match="ThrottlingException"):
        read()


@pytest.mark.parametrize("code", ["AccessDenied", "AllAccessDisabled", "KMS.DisabledException"])
def test_what_s3_forbids_is_a_matter_of_configuration(cloud: Cloud, code: str) -> None:
    bucket = ImageBucket.connect(cloud.bucket)
    bucket._client.put_object = refusing(code, 403)  # type: ignore[method-assign]
    with pytest.raises(NotConfigured, match=f"^S3: {code}$"):
        bucket.put_image(a_job_id(), 1, io.BytesIO(PICTURE), facts_of(PICTURE))
    with pytest.raises(NotConfigured, match=f"^S3: {code}$"):
        bucket.put_record(a_job_id(), {})
