"""Each function's settings: its environment, parsed once. docs/settings.md explains them."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from ringback.domain.pace import Pace

Arn = Annotated[str, Field(pattern=r"^arn:")]
BaseUrl = Annotated[str, Field(pattern=r"^https?://[^/]+(/.*[^/])?$")]
QueueUrl = Annotated[str, Field(pattern=r"^https?://")]
# Empty if the deployment has switched off what reads the queue.
QueueUrlIfRead = Annotated[QueueUrl | None, BeforeValidator(lambda text: text or None)]
TableName = Annotated[str, Field(min_length=3)]
BucketName = Annotated[str, Field(min_length=3)]
ClientName = Annotated[str, Field(min_length=1)]
LinkLifetime = Annotated[int, Field(ge=60, le=604_800)]


def _split(text: object) -> object:
    """Return the items of a comma-separated list, which is how CloudFormation passes lists."""
    return (
        [item.strip() for item in text.split(",") if item.strip()]
        if isinstance(text, str)
        else text
    )


class Settings(BaseModel):
    model_config = ConfigDict(alias_generator=str.upper, frozen=True)

    @classmethod
    def from_environ(cls, environ: Mapping[str, str], *, providers: Iterable[str] = ()) -> Self:
        """Read the variables; those of a provider begin with its name, as in ``KIE_BASE_URL``.

        Raises ``ValidationError``.
        """
        each = {name: _beginning_with(f"{name.upper()}_", environ) for name in providers}
        return cls.model_validate({**environ, "PROVIDERS": each})


def _beginning_with(prefix: str, environ: Mapping[str, str]) -> dict[str, str]:
    return {
        name.removeprefix(prefix): value
        for name, value in environ.items()
        if name.startswith(prefix)
    }


class ProviderDeadline(Settings):
    deadline_seconds: Annotated[int, Field(ge=30, le=86_400)]

    @property
    def terms(self) -> dict[str, Any]:
        """Return the fields of ``Provider`` that these settings replace."""
        return {"deadline": timedelta(seconds=self.deadline_seconds)}


class ProviderPace(ProviderDeadline):
    creates_per_window: Annotated[int, Field(ge=1, le=1000)]
    window_seconds: Annotated[int, Field(ge=1, le=900)]

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

    secret_arn: Arn | None = None


class CallbackUrlSettings(Settings):
    callback_base_url: BaseUrl
    callback_secret_arn: Arn


HostList = Annotated[frozenset[str], BeforeValidator(_split)]


class RequestSettings(Settings):
    """The settings for checking a request and recording its job."""

    jobs_table: TableName
    submit_queue_url: QueueUrl
    check_queue_url: QueueUrl
    drop_bucket: BucketName
    plain_http_hosts: HostList
    job_retention_days: Annotated[int, Field(ge=21, le=3650)]
    pass_through: bool
    tells_events: bool

    @property
    def retention(self) -> timedelta:
        return timedelta(days=self.job_retention_days)


class AcceptJobSettings(RequestSettings):
    providers: Mapping[str, ProviderDeadline]


class ServeProviderApisSettings(AcceptJobSettings):
    images_bucket: BucketName
    client_keys_secret_arn: Arn
    callback_secret_arn: Arn
    link_lifetime_seconds: LinkLifetime


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


class ReceiveCallbackSettings(Settings):
    providers: Mapping[str, ProviderSigningKeys]
    jobs_table: TableName
    check_queue_url: QueueUrl
    archive_queue_url: QueueUrl
    callback_secret_arn: Arn


class CheckJobsSettings(CallbackUrlSettings):
    providers: Mapping[str, ProviderAccount]
    jobs_table: TableName
    tells_events: bool
    submit_queue_url: QueueUrl
    check_queue_url: QueueUrl
    archive_queue_url: QueueUrl


class ArchiveImagesSettings(Settings):
    providers: Mapping[str, ProviderAccount]
    jobs_table: TableName
    images_bucket: BucketName
    archive_queue_url: QueueUrl
    thumbnail_queue_url: QueueUrlIfRead
    archive_retry_seconds: Annotated[
        tuple[Annotated[int, Field(ge=0, le=900)], ...], BeforeValidator(_split)
    ]
    largest_image_bytes: Annotated[int, Field(ge=1024, le=200 * 1024 * 1024)]
    plain_http_hosts: HostList


class NotifyClientSettings(Settings):
    jobs_table: TableName
    notify_queue_url: QueueUrl
    webhook_secret_arn: Arn
    plain_http_hosts: HostList
    images_bucket: BucketName
    link_lifetime_seconds: LinkLifetime


class MakeThumbnailsSettings(Settings):
    jobs_table: TableName
    images_bucket: BucketName


class PublishEventsSettings(Settings):
    jobs_table: TableName
    event_bus: Annotated[str, Field(min_length=1)]
    event_source: Annotated[str, Field(pattern=r"^/ringback/.+")]
    notify_queue_url: QueueUrl
    live_api_url: BaseUrl


class FollowJobsSettings(Settings):
    jobs_table: TableName
    tells_events: bool
    client_keys_secret_arn: Arn
    event_source: Annotated[str, Field(pattern=r"^/ringback/.+")]
    live_api_url: BaseUrl


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


class ChangeJobSettings(Settings):
    jobs_table: TableName
    submit_queue_url: QueueUrl
    drop_queue_url: QueueUrlIfRead
    check_queue_url: QueueUrl
    archive_queue_url: QueueUrl
    notify_queue_url: QueueUrlIfRead
    event_source: Annotated[str, Field(pattern=r"^/ringback/.+")]


class AuthorizeClientSettings(Settings):
    client_keys_secret_arn: Arn
