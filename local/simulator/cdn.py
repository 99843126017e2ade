"""The CDN that results are downloaded from."""

from collections.abc import Callable, Mapping
from hashlib import sha256
from http import HTTPStatus
from typing import Final

from local.simulator.http_messages import Ending, Reply, Request, Routes, text_reply
from local.simulator.images import KINDS, draw
from local.simulator.links import CDN_PATH, Links, Picture
from local.simulator.user_agents import REFUSED, is_refused

_METADATA_SERVICE: Final = "http://169.254.169.254/latest/meta-data/"
_PAGE: Final = b"<!doctype html><title>Simulated</title><p>This is not an image.</p>"


def _whole(picture: Picture) -> Reply:
    content_type = KINDS[picture.drawing.kind].content_type
    body = draw(picture.drawing)
    picture.sha256 = sha256(body).hexdigest()
    return Reply(body=body, content_type=content_type)


def _cut_half_way(picture: Picture) -> Reply:
    whole = _whole(picture)
    return Reply(body=whole.body, content_type=whole.content_type, ending=Ending.HALF_BODY)


def _half_the_bytes(picture: Picture) -> Reply:
    whole = _whole(picture)
    half = whole.body[: len(whole.body) // 2]
    return Reply(body=half, content_type=whole.content_type)


def _page(_: Picture) -> Reply:
    return Reply(body=_PAGE, content_type="image/png")


def _redirect(_: Picture) -> Reply:
    return Reply(status=HTTPStatus.FOUND, headers={"Location": _METADATA_SERVICE})


_DAMAGED: Final[Mapping[str, Callable[[Picture], Reply]]] = {
    "redirect_inside": _redirect,
    "not_an_image": _page,
    "truncated_image": _cut_half_way,
    "truncated_bytes": _half_the_bytes,
}


class Cdn:
    """``wait`` is called before an image is sent."""

    def __init__(
        self, links: Links, clock: Callable[[], float], wait: Callable[[], object] = lambda: None
    ) -> None:
        self._links = links
        self._clock = clock
        self._wait = wait

    def routes(self) -> Routes:
        return {("GET", CDN_PATH): self._get}

    def _get(self, request: Request) -> Reply:
        if is_refused(request.headers):
            return REFUSED
        if "authorization" in request.headers:
            # The real CDN would ignore it. Here a leaked key must not go unnoticed.
            return text_reply("Authorization sent to the CDN", HTTPStatus.BAD_REQUEST)
        link = self._links.find(request.path)
        if link is None or link.picture is None or link.is_dead:
            return text_reply("no such file", HTTPStatus.NOT_FOUND)
        if self._clock() >= link.expires_at:
            return text_reply("link expired", HTTPStatus.FORBIDDEN)
        return self._picture(link.picture, request)

    def _picture(self, picture: Picture, request: Request) -> Reply:
        self._wait()
        is_head = request.method == "HEAD"
        nth = picture.downloads + 1 if is_head else self._links.count_download(picture)
        damaged = (make for name, make in _DAMAGED.items() if nth <= picture.faults.get(name, 0))
        return next(damaged, _whole)(picture)
