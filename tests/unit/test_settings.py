from datetime import timedelta
from typing import Any

import pytest
from ringback import settings
from ringback.domain.pace import Pace
from ringback.providers.registry import EXTERNAL, PROVIDERS, configured
from ringback.settings import (
    AcceptJobSettings,
    ArchiveImagesSettings,
    ChangeJobSettings,
    OpenUploadSettings,
    QueryJobsSettings,
    SubmitJobSettings,
    TakeDropsSettings,
)
from ringback.variables import InvalidSettings, Settings

from tests.support.variables import is_required, providers_of, variables_of

ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:x-AbCdEf"
QUEUE = "https://sqs.eu-west-1.amazonaws.com/123456789012/x"
ENVIRONMENT = {
    "JOBS_TABLE": "jobs",
    "IMAGES_BUCKET": "images",
    "SUBMIT_QUEUE_URL": QUEUE,
    "CHECK_QUEUE_URL": QUEUE,
    "ARCHIVE_QUEUE_URL": QUEUE,
    "CALLBACK_SECRET_ARN": ARN,
    "KIE_SECRET_ARN": ARN,
    "CLIENT_KEYS_SECRET_ARN": ARN,
    "CALLBACK_BASE_URL": "https://callbacks.example",
    "KIE_BASE_URL": "https://api.kie.ai",
    "KIE_CREATES_PER_WINDOW": "20",
    "KIE_WINDOW_SECONDS": "10",
    "KIE_DEADLINE_SECONDS": "900",
    "PASS_THROUGH": "false",
    "REQUIRE_IDEMPOTENCY_KEY": "false",
    "CLIENT_JOBS_PER_MINUTE": "0",
    "TELLS_EVENTS": "true",
    "CHANJING_BASE_URL": "https://open-api.chanjing.cc",
    "CHANJING_SECRET_ARN": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:chanjing",
    "CHANJING_CREATES_PER_WINDOW": "10",
    "CHANJING_WINDOW_SECONDS": "10",
    "CHANJING_DEADLINE_SECONDS": "1800",
    "DROP_BUCKET": "drops",
    "DROP_CLIENT": "drop",
    "DROP_QUEUE_URL": QUEUE,
    "DELETE_QUEUE_URL": QUEUE,
    "SUMMARY_QUEUE_URL": QUEUE,
    "JOB_RETENTION_DAYS": "365",
    "ARCHIVE_RETRY_SECONDS": "5,15",
    "THUMBNAIL_QUEUE_URL": "https://sqs.eu-west-1.amazonaws.com/1/thumbnail",
    "LARGEST_IMAGE_BYTES": "67108864",
    "PLAIN_HTTP_HOSTS": "",
    "LINK_LIFETIME_SECONDS": "3600",
    "IMAGE_DAYS": "0",
    "UPLOAD_DAYS": "7",
    "EVENT_BUS": "ringback",
    "EVENT_SOURCE": "/ringback/ringback",
    "NOTIFY_QUEUE_URL": QUEUE,
    "LIVE_API_URL": "https://w1x2y3z4a5.execute-api.eu-west-1.amazonaws.com/live",
    "WEBHOOK_SECRET_ARN": ARN,
    "CANARY_SECRET_ARN": ARN,
    "CANARY_QUEUE_URL": QUEUE,
    "CANARY_EVENTS_URL": QUEUE,
    "JOBS_API_URL": "https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com",
    "IMAGES_BUCKET_URL": "https://ringback-images.s3.eu-west-1.amazonaws.com",
    "DROP_BUCKET_URL": "https://ringback-drops.s3.eu-west-1.amazonaws.com",
}
OF_FUNCTIONS = [
    kind
    for kind in vars(settings).values()
    if isinstance(kind, type)
    and issubclass(kind, Settings)
    and not kind.__subclasses__()
    and not kind.__name__.startswith("Provider")
]


def reading(kind: type[Settings], **changes: str) -> Any:
    return kind.from_environ(ENVIRONMENT | changes, providers=providers_of(kind))


@pytest.mark.parametrize("kind", OF_FUNCTIONS)
def test_settings_are_frozen(kind: type[Settings]) -> None:
    read = reading(kind, PATH="/usr/bin", AWS_REGION="eu-west-1")
    name = next(iter(kind.variables())).lower()
    with pytest.raises(AttributeError):
        setattr(read, name, "other")


@pytest.mark.parametrize("kind", OF_FUNCTIONS)
def test_a_missing_setting_is_named(kind: type[Settings]) -> None:
    for variable, place in variables_of(kind).items():
        assert variable in ENVIRONMENT
        without = {name: value for name, value in ENVIRONMENT.items() if name != variable}
        if is_required(place):
            with pytest.raises(InvalidSettings, match=f"^{variable} is missing$"):
                kind.from_environ(without, providers=providers_of(kind))
        else:
            kind.from_environ(without, providers=providers_of(kind))


@pytest.mark.parametrize("kind", OF_FUNCTIONS)
def test_secrets_are_given_by_arn(kind: type[Settings]) -> None:
    for variable in variables_of(kind):
        if "SECRET" in variable:
            with pytest.raises(InvalidSettings, match=f"^{variable} must be an ARN$"):
                reading(kind, **{variable: "the secret itself"})


def test_all_that_is_missing_or_wrong_is_named_at_once() -> None:
    given = ENVIRONMENT | {"KIE_BASE_URL": "kie", "CHANJING_WINDOW_SECONDS": "0", "JOBS_TABLE": ""}
    del given["CHECK_QUEUE_URL"]
    with pytest.raises(InvalidSettings) as refused:
        SubmitJobSettings.from_environ(given, providers=EXTERNAL)
    assert sorted(str(refused.value).split("; ")) == [
        "CHANJING_WINDOW_SECONDS must be a whole number from 1 to 900",
        "CHECK_QUEUE_URL is missing",
        "JOBS_TABLE must be a name of at least 3 characters",
        "KIE_BASE_URL must be a URL that does not end with a slash",
    ]


@pytest.mark.parametrize(
    ("kind", "name", "good", "bad"),
    [
        (AcceptJobSettings, "KIE_DEADLINE_SECONDS", ["30", "86400"], ["29", "86401", "", "x"]),
        (AcceptJobSettings, "JOB_RETENTION_DAYS", ["21", "3650"], ["20", "3651", "21.5", "2_1"]),
        (AcceptJobSettings, "PASS_THROUGH", ["true", "false"], ["", "True", "1", "yes"]),
        (SubmitJobSettings, "KIE_CREATES_PER_WINDOW", ["1", "1000"], ["0", "-1", "1001"]),
        (SubmitJobSettings, "KIE_WINDOW_SECONDS", ["1", "900"], ["0", "901"]),
        (SubmitJobSettings, "CHANJING_CREATES_PER_WINDOW", ["1", "1000"], ["0", "-1", "1001"]),
        (SubmitJobSettings, "CHANJING_WINDOW_SECONDS", ["1", "900"], ["0", "901"]),
        (SubmitJobSettings, "CHANJING_DEADLINE_SECONDS", ["30", "86400"], ["29", "86401"]),
        (TakeDropsSettings, "DROP_CLIENT", ["a", "a.ringback.canary"], ["", "ringback.canary"]),
        (SubmitJobSettings, "JOBS_TABLE", ["abc"], ["", "ab"]),
        (SubmitJobSettings, "SUBMIT_QUEUE_URL", ["http://127.0.0.1:4566/1/q"], ["q", "arn:aws:q"]),
        (OpenUploadSettings, "UPLOAD_DAYS", ["1", "365"], ["0", "366"]),
        (QueryJobsSettings, "IMAGE_DAYS", ["0", "3650"], ["-1", "3651"]),
        (QueryJobsSettings, "LINK_LIFETIME_SECONDS", ["60", "604800"], ["59", "604801"]),
        (
            ArchiveImagesSettings,
            "LARGEST_IMAGE_BYTES",
            ["1024", "209715200"],
            ["1023", "209715201"],
        ),
        (ArchiveImagesSettings, "ARCHIVE_RETRY_SECONDS", ["", "0,900"], ["901", "5,-1", "5;6"]),
        (
            SubmitJobSettings,
            "KIE_BASE_URL",
            ["https://api.kie.ai", "http://127.0.0.1:8080", "https://a.example/kie"],
            ["api.kie.ai", "https://", "https://api.kie.ai/", "ftp://api.kie.ai", ""],
        ),
        (
            SubmitJobSettings,
            "CALLBACK_BASE_URL",
            ["https://a.example", "https://a.example/stage"],
            ["https://a.example/", "a.example", ""],
        ),
    ],
)
def test_a_setting_has_limits(
    kind: type[Settings], name: str, good: list[str], bad: list[str]
) -> None:
    for value in good:
        reading(kind, **{name: value})
    for value in bad:
        assert name in variables_of(kind)
        with pytest.raises(InvalidSettings, match=f"^{name} must be "):
            reading(kind, **{name: value})


@pytest.mark.parametrize(
    ("kind", "variable"),
    [(ArchiveImagesSettings, "THUMBNAIL_QUEUE_URL"), (ChangeJobSettings, "DROP_QUEUE_URL")],
)
def test_a_queue_that_nobody_reads_has_no_url(kind: type[Settings], variable: str) -> None:
    name = variable.lower()
    assert getattr(reading(kind), name) == ENVIRONMENT[variable]
    assert getattr(reading(kind, **{variable: ""}), name) is None


def test_retention_is_a_timedelta() -> None:
    read: AcceptJobSettings = reading(AcceptJobSettings)
    assert read.retention == timedelta(days=365)


def test_settings_replace_a_provider_s_pace_and_deadline() -> None:
    read: TakeDropsSettings = reading(
        TakeDropsSettings, KIE_CREATES_PER_WINDOW="7", KIE_DEADLINE_SECONDS="60"
    )
    kie = configured(read.providers)["kie"]
    assert (kie.pace, kie.deadline) == (Pace(limit=7, seconds=10), timedelta(minutes=1))
    assert kie.max_batch_size == PROVIDERS["kie"].max_batch_size


@pytest.mark.parametrize(
    ("text", "delays"), [("", ()), ("5", (5,)), ("5,15,60", (5, 15, 60)), (" 5 , 15 ,", (5, 15))]
)
def test_a_list_is_comma_separated(text: str, delays: tuple[int, ...]) -> None:
    read: ArchiveImagesSettings = reading(ArchiveImagesSettings, ARCHIVE_RETRY_SECONDS=text)
    assert read.archive_retry_seconds == delays


def test_plain_http_hosts_are_empty_by_default() -> None:
    none: ArchiveImagesSettings = reading(ArchiveImagesSettings)
    two: ArchiveImagesSettings = reading(
        ArchiveImagesSettings, PLAIN_HTTP_HOSTS="127.0.0.1:80, a.example:81"
    )
    assert none.plain_http_hosts == frozenset()
    assert two.plain_http_hosts == {"127.0.0.1:80", "a.example:81"}
