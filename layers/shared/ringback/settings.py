"""Each function's settings: its environment, parsed once. docs/settings.md explains them."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any

from ringback.domain import canary
from ringback.domain.pace import Pace
from ringback.variables import Items, OrEmpty, Settings, Text, Whole, switch

_arn = Text("arn:.*", "an ARN")
_url = Text("https?://.+", "a URL")
_name = Text(".{3,}", "a name of at least 3 characters")

Arn = Annotated[str, _arn]
ArnIfAny = Annotated[str | None, OrEmpty(_arn)]
BaseUrl = Annotated[str, Text("https?://[^/]+(/.*[^/])?", "a URL that does not end with a slash")]
QueueUrl = Annotated[str, _url]
# Empty if the deployment has switched off what reads the queue.
QueueUrlIfRead = Annotated[str | None, OrEmpty(_url)]
TableName = Annotated[str, _name]
BucketName = Annotated[str, _name]
HostList = Annotated[frozenset[str], Items(str, frozenset)]
LinkLifetime = Annotated[int, Whole(60, 604_800)]
# 0 for as long as the owner likes.
ImageDays = Annotated[int, Whole(0, 3650)]
Switch = Annotated[bool, switch]
NotEmpty = Annotated[str, Text(".+", "a name")]
# Dropped files are not the canary's.
ClientName = Annotated[str, Text(rf"(?!{re.escape(canary.CLIENT)}\Z).+", "the name of a client")]
EventSource = Annotated[str, Text("/ringback/.+", "a path below /ringback/")]


class ProviderDeadline(Settings):
    deadline_seconds: Annotated[int, Whole(30, 86_400)]

    @property
    def terms(self) -> dict[str, Any]:
        """Return the fields of ``Provider`` that these settings replace."""
        return {"deadline": timedelta(seconds=self.deadline_seconds)}


class ProviderPace(ProviderDeadline):
    creates_per_window: Annotated[int, Whole(1, 1000)]
    window_seconds: Annotated[int, Whole(1, 900)]

    @property
    def terms(self) -> dict[str, Any]:
        pace = Pace(limit=self.creates_per_window, seconds=self.window_seconds)
        return {**super().terms, "pace": pace}


class ProviderAccount(Settings):
    base_url: BaseUrl
    secret_arn: Arn


class ProviderAccountAndPace(ProviderAccount, ProviderPace):
    pass


class ProviderSigningKeys(Settings):
    """Only a provider that signs its callbacks needs a secret here."""

    secret_arn: ArnIfAny = None


class CallbackUrlSettings(Settings):
    callback_base_url: BaseUrl
    callback_secret_arn: Arn


class RequestSettings(Settings):
    """The settings for checking a request and recording its job."""

    jobs_table: TableName
    submit_queue_url: QueueUrl
    check_queue_url: QueueUrl
    drop_bucket: BucketName
    plain_http_hosts: HostList
    job_retention_days: Annotated[int, Whole(21, 3650)]
    pass_through: Switch
    tells_events: Switch

    @property
    def retention(self) -> timedelta:
        return timedelta(days=self.job_retention_days)


class PostedJobSettings(RequestSettings):
    providers: Mapping[str, ProviderDeadline]
    # 0 for no limit.
    client_jobs_per_minute: Annotated[int, Whole(0, 100_000)]


class AcceptJobSettings(PostedJobSettings):
    require_idempotency_key: Switch


class ServeProviderApisSettings(PostedJobSettings):
    images_bucket: BucketName
    client_keys_secret_arn: Arn
    callback_secret_arn: Arn
    link_lifetime_seconds: LinkLifetime
    image_days: ImageDays


class TakeDropsSettings(RequestSettings):
    providers: Mapping[str, ProviderPace]
    drop_queue_url: QueueUrl
    summary_queue_url: QueueUrl
    drop_client: ClientName


class SubmitJobSettings(CallbackUrlSettings):
    providers: Mapping[str, ProviderAccountAndPace]
    jobs_table: TableName
    submit_queue_url: QueueUrl
    check_queue_url: QueueUrl
    drop_bucket: BucketName
    canary_queue_url: QueueUrlIfRead


class ReceiveCallbackSettings(Settings):
    providers: Mapping[str, ProviderSigningKeys]
    jobs_table: TableName
    check_queue_url: QueueUrl
    archive_queue_url: QueueUrl
    callback_secret_arn: Arn


class CheckJobsSettings(CallbackUrlSettings):
    providers: Mapping[str, ProviderAccount]
    jobs_table: TableName
    tells_events: Switch
    submit_queue_url: QueueUrl
    check_queue_url: QueueUrl
    archive_queue_url: QueueUrl


class ArchiveImagesSettings(Settings):
    providers: Mapping[str, ProviderAccount]
    jobs_table: TableName
    images_bucket: BucketName
    archive_queue_url: QueueUrl
    thumbnail_queue_url: QueueUrlIfRead
    archive_retry_seconds: Annotated[tuple[int, ...], Items(Whole(0, 900), tuple)]
    largest_image_bytes: Annotated[int, Whole(1024, 200 * 1024 * 1024)]
    plain_http_hosts: HostList


class NotifyClientSettings(Settings):
    jobs_table: TableName
    notify_queue_url: QueueUrl
    webhook_secret_arn: Arn
    plain_http_hosts: HostList
    images_bucket: BucketName
    link_lifetime_seconds: LinkLifetime
    image_days: ImageDays


class MakeThumbnailsSettings(Settings):
    jobs_table: TableName
    images_bucket: BucketName


class PublishEventsSettings(Settings):
    jobs_table: TableName
    event_bus: NotEmpty
    event_source: EventSource
    notify_queue_url: QueueUrl
    live_api_url: BaseUrl


class FollowJobsSettings(Settings):
    jobs_table: TableName
    tells_events: Switch
    client_keys_secret_arn: Arn
    event_source: EventSource
    live_api_url: BaseUrl


class ServeStudioSettings(Settings):
    jobs_api_url: BaseUrl
    live_api_url: BaseUrl
    images_bucket_url: BaseUrl
    drop_bucket_url: BaseUrl


class SummarizeDropsSettings(Settings):
    jobs_table: TableName
    images_bucket: BucketName
    drop_bucket: BucketName
    drop_client: ClientName
    summary_queue_url: QueueUrl


class QueryJobsSettings(Settings):
    jobs_table: TableName
    images_bucket: BucketName
    link_lifetime_seconds: LinkLifetime
    image_days: ImageDays


class ManageAccountSettings(Settings):
    jobs_table: TableName


class ShowProgressSettings(Settings):
    jobs_table: TableName
    images_bucket: BucketName
    drop_bucket: BucketName
    link_lifetime_seconds: LinkLifetime


class ChangeJobSettings(Settings):
    jobs_table: TableName
    submit_queue_url: QueueUrl
    drop_queue_url: QueueUrlIfRead
    check_queue_url: QueueUrl
    archive_queue_url: QueueUrl
    delete_queue_url: QueueUrlIfRead
    notify_queue_url: QueueUrlIfRead
    event_source: EventSource


class OpenUploadSettings(Settings):
    drop_bucket: BucketName
    upload_days: Annotated[int, Whole(1, 365)]

    @property
    def kept(self) -> timedelta:
        return timedelta(days=self.upload_days)


class DeleteJobsSettings(Settings):
    jobs_table: TableName
    images_bucket: BucketName
    tells_events: Switch


class AuthorizeClientSettings(Settings):
    client_keys_secret_arn: Arn
    canary_secret_arn: ArnIfAny


class RunCanarySettings(Settings):
    jobs_api_url: BaseUrl
    canary_secret_arn: Arn
    canary_events_url: QueueUrl


class AnswerCanarySettings(Settings):
    images_bucket: BucketName
    canary_secret_arn: Arn
