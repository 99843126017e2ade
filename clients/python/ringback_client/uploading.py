"""Upload images on this computer, and put their URLs in their place in an input."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlsplit

from ringback_client.calls import open_upload
from ringback_client.errors import NoAnswer, UnexpectedAnswer, UnusableFile, UploadFailed
from ringback_client.local_images import LocalImage, OnSent, is_source
from ringback_client.records.uploads import OpenedUpload, Upload
from ringback_client.retrying import Sender
from ringback_client.settings import is_here
from ringback_client.steps import Answer, NotSent, SendForm, Sleep, Steps

TRIES: Final = 5
FIRST_PAUSE_SECONDS: Final = 0.5
# S3's codes for a file that is not what it was said to be.
CHANGED: Final = frozenset({"BadDigest", "EntityTooSmall", "EntityTooLarge"})
# A form that has expired, or its credentials, and one that took too long.
AGAIN: Final = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.REQUEST_TIMEOUT})
_CODE: Final = re.compile(rb"<Code>(\w{1,60})</Code>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploader:
    """``random`` gives numbers from 0 to 1."""

    send: Sender
    random: Callable[[], float]

    def __call__(self, image: LocalImage, on_sent: OnSent | None = None) -> Steps[Upload]:
        """Return where the image is. Raises ``UnusableFile`` or ``UploadFailed``."""
        facts = image.describe()
        call = open_upload(facts.sha256, facts.bytes, facts.content_type)
        why = ""
        for attempt in range(TRIES):
            if attempt:
                pause = FIRST_PAUSE_SECONDS * 2.0 ** (attempt - 1)
                yield Sleep(pause * (0.5 + 0.5 * self.random()))
            # Opened again each time: a form expires, and what seemed lost may have arrived.
            opened = yield from self.send(call)
            if not opened.uploaded:
                why = yield from self._send(image, facts.bytes, opened, on_sent)
            if opened.uploaded or not why:
                if on_sent:
                    on_sent(facts.bytes, facts.bytes)
                return Upload(image=opened.image, kept_until=opened.kept_until)
        raise UploadFailed(f"{image.name}: {why}.")

    def _send(
        self, image: LocalImage, size: int, opened: OpenedUpload, on_sent: OnSent | None
    ) -> Steps[str]:
        """Return why it has to be sent again, if it has to."""
        url = opened.url or ""
        if urlsplit(url).scheme != "https" and not is_here(url):
            raise UnexpectedAnswer("The answer's form is not for https://.")

        def tell(sent: int) -> None:
            if on_sent:
                on_sent(sent, size)

        with image.open() as file:
            try:
                answer: Answer = yield SendForm(url, opened.fields or {}, file, tell)
            except (NotSent, NoAnswer) as error:
                return str(error).rstrip(".")
        if answer.status < HTTPStatus.MULTIPLE_CHOICES:
            return ""
        found = _CODE.search(answer.body)
        code = found[1].decode() if found else ""
        if code in CHANGED:
            raise UnusableFile(f"{image.name}: it was changed while it was read.")
        why = f"the bucket answered {answer.status} {code}".rstrip()
        if answer.status < HTTPStatus.INTERNAL_SERVER_ERROR and answer.status not in AGAIN:
            raise UploadFailed(f"{image.name}: {why}.")
        return why

    def in_place(self, value: Any) -> Steps[Any]:
        """Return an input with URLs where it has images on this computer; the rest as it is."""
        if is_source(value):
            upload = yield from self(LocalImage(value))
            return upload.image
        if isinstance(value, Mapping):
            found = {}
            for name, each in value.items():
                found[name] = yield from self.in_place(each)
            return found
        if isinstance(value, (list, tuple)):
            items = []
            for each in value:
                items.append((yield from self.in_place(each)))
            return items
        return value
