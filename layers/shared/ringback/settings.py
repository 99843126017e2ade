"""Each function's settings: its environment, parsed once. template.yaml says what each means."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

Arn = Annotated[str, Field(pattern=r"^arn:")]
BaseUrl = Annotated[str, Field(pattern=r"^https?://[^/]+(/.*[^/])?$")]
QueueUrl = Annotated[str, Field(pattern=r"^https?://")]
TableName = Annotated[str, Field(min_length=3)]
BucketName = Annotated[str, Field(min_length=3)]


def _split(text: object) -> object:
    """Return the items of a comma-separated list, as CloudFormation hands them over."""
    return (
        [item.strip() for item in text.split(",") if item.strip()]
        if isinstance(text, str)
        else text
    )


class Settings(BaseModel):
    model_config = ConfigDict(alias_generator=str.upper, frozen=True)

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> Self:
        return cls.model_validate(dict(environ))


class CallbackUrlSettings(Settings):
    callback_base_url: BaseUrl
    callback_secret_arn: Arn


class ProviderSettings(Settings):
    """What it takes to speak to the providers; the table holds tokens that functions share."""

    jobs_table: TableName
    kie_base_url: BaseUrl
    kie_secret_arn: Arn
    chanjing_base_url: BaseUrl
    chanjing_secret_arn: Arn


class SubmitJobSettings(CallbackUrlSettings, ProviderSettings):
    submit_queue_url: QueueUrl
    check_queue_url: QueueUrl
    drop_bucket: BucketName
    drop_queue_url: QueueUrl
    summary_queue_url: QueueUrl
    drop_client: Annotated[str, Field(min_length=1)]
    job_deadline_seconds: Annotated[int, Field(ge=30, le=86_400)]
    job_retention_days: Annotated[int, Field(ge=1, le=3650)]
    kie_creates_per_window: Annotated[int, Field(ge=1, le=1000)]
    kie_window_seconds: Annotated[int, Field(ge=1, le=900)]
    kie_pass_through: bool
    chanjing_deadline_seconds: Annotated[int, Field(ge=30, le=86_400)]
    chanjing_creates_per_window: Annotated[int, Field(ge=1, le=1000)]
    chanjing_window_seconds: Annotated[int, Field(ge=1, le=900)]

    @property
    def retention(self) -> timedelta:
        return timedelta(days=self.job_retention_days)


class ReceiveCallbackSettings(Settings):
    jobs_table: TableName
    check_queue_url: QueueUrl
    archive_queue_url: QueueUrl
    callback_secret_arn: Arn
    kie_secret_arn: Arn


class CheckJobsSettings(CallbackUrlSettings, ProviderSettings):
    check_queue_url: QueueUrl
    archive_queue_url: QueueUrl


class ArchiveImagesSettings(ProviderSettings):
    images_bucket: BucketName
    archive_queue_url: QueueUrl
    thumbnail_queue_url: QueueUrl
    archive_retry_seconds: Annotated[
        tuple[Annotated[int, Field(ge=0, le=900)], ...], BeforeValidator(_split)
    ]
    largest_image_bytes: Annotated[int, Field(ge=1024, le=200 * 1024 * 1024)]
    plain_http_hosts: Annotated[frozenset[str], BeforeValidator(_split)]


class MakeThumbnailsSettings(Settings):
    jobs_table: TableName
    images_bucket: BucketName


class SummarizeDropsSettings(Settings):
    jobs_table: TableName
    images_bucket: BucketName
    drop_bucket: BucketName
    summary_queue_url: QueueUrl


class QueryJobsSettings(Settings):
    jobs_table: TableName
    images_bucket: BucketName
    link_lifetime_seconds: Annotated[int, Field(ge=60, le=604_800)]


class ChangeJobSettings(Settings):
    jobs_table: TableName
    check_queue_url: QueueUrl
    archive_queue_url: QueueUrl


class AuthorizeClientSettings(Settings):
    client_keys_secret_arn: Arn
