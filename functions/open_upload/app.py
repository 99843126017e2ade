"""Opens uploads of clients' own images. It signs forms; the images go to S3 directly."""

import os
from functools import cache
from http import HTTPStatus
from typing import Any, Final

from ringback.starting import Event, LambdaContext, Logger, start
from ringback.aws.upload_bucket import UploadBucket
from ringback.catalogue.upload_requests import read_upload
from ringback.domain.clock import utc_now
from ringback.domain.errors import RequestRefused
from ringback.domain.uploads import OpenedUpload
from ringback.http_api.replies import Reply, problem, reply
from ringback.http_api.requests import client_name, json_body
from ringback.settings import OpenUploadSettings
from ringback.use_cases.open_upload import OpenUpload

logger = Logger(service="open_upload")

MAX_BODY_BYTES: Final = 4096


@cache
def use_case() -> OpenUpload:
    settings = OpenUploadSettings.from_environ(os.environ)
    uploads = UploadBucket.connect(settings.drop_bucket)
    return OpenUpload(uploads=uploads, kept=settings.kept, now=utc_now)


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: Event, context: LambdaContext) -> Reply:
    return handle(event, use_case())


def handle(event: Event, open_upload: OpenUpload) -> Reply:
    try:
        client = client_name(event)
        opened = open_upload(read_upload(json_body(event, most=MAX_BODY_BYTES), client))
    except RequestRefused as error:
        logger.info("request refused", extra={"reason": type(error).__name__})
        return problem(error)
    logger.info("upload opened", extra={"uploaded": opened.form is None})
    return reply(HTTPStatus.CREATED, upload_body(opened))


def upload_body(opened: OpenedUpload) -> dict[str, Any]:
    form, expires_at = opened.form, opened.expires_at
    return {
        "image": opened.image,
        "uploaded": form is None,
        "url": form and form.url,
        "fields": form and form.fields,
        "expires_at": expires_at and expires_at.isoformat(),
        "kept_until": opened.kept_until.isoformat(),
    }


start(os.environ, use_case)
