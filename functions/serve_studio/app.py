"""The page for browsers, for everybody: it has no secret, and whoever opens it needs a key."""

import os
from functools import cache
from pathlib import Path
from typing import Any, Final

from ringback.starting import LambdaContext, Logger, start
from ringback.domain.version import VERSION
from ringback.settings import ServeStudioSettings
from ringback.studio.page_answers import answer
from ringback.studio.page_files import PageFile, page_files
from ringback.studio.page_headers import live_url, page_headers

logger = Logger(service="serve_studio")

PAGE: Final = Path(__file__).parent / "page"


@cache
def settings() -> ServeStudioSettings:
    return ServeStudioSettings.from_environ(os.environ)


@cache
def files() -> dict[str, PageFile]:
    known = {
        "api": settings().jobs_api_url,
        "live": live_url(settings().live_api_url),
        "version": VERSION,
    }
    return page_files(PAGE, known)


@cache
def headers() -> dict[str, str]:
    return page_headers(
        jobs_api=settings().jobs_api_url,
        live_api=settings().live_api_url,
        images=settings().images_bucket_url,
        drops=settings().drop_bucket_url,
    )


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return answer(event, files(), headers())


start(os.environ, files, headers)
