"""Download links that cannot be guessed and that expire."""

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final

from local.simulator.faults import FaultValues
from local.simulator.images import KINDS, Drawing

CDN_PATH: Final = "/cdn/"


@dataclass(slots=True)
class Picture:
    """One image of a finished task, with its numbers of links and downloads so far.

    ``sha256`` is that of its bytes, once it has been drawn.
    """

    drawing: Drawing
    faults: FaultValues
    links: int = 0
    downloads: int = 0
    sha256: str = ""

    def as_json(self) -> dict[str, Any]:
        return {
            "task": self.drawing.task_id,
            "number": self.drawing.index + 1,
            "downloads": self.downloads,
            "sha256": self.sha256,
        }


@dataclass(frozen=True, slots=True)
class Link:
    """``picture`` is ``None`` if the link was made for a file that does not exist."""

    picture: Picture | None
    expires_at: float
    is_dead: bool


class Links:
    """``new_id`` makes the unguessable part of a link."""

    def __init__(self, *, new_id: Callable[[], str]) -> None:
        self._new_id = new_id
        self._links: dict[str, Link] = {}
        self._lock = Lock()

    def mint(self, picture: Picture | None, *, expires_at: float) -> str:
        """Return the path of a new link."""
        with self._lock:
            is_dead, name = False, "file"
            if picture is not None:
                picture.links += 1
                is_dead = "gone" in picture.faults or picture.links <= _dead_links(picture)
                name = f"{picture.drawing.index + 1}.{KINDS[picture.drawing.kind].extension}"
            link_id = self._new_id()
            self._links[link_id] = Link(picture, expires_at, is_dead)
            return f"{CDN_PATH}{link_id}/{name}"

    def find(self, path: str) -> Link | None:
        link_id = path.removeprefix(CDN_PATH).partition("/")[0]
        return self._links.get(link_id)

    def pictures(self) -> list[dict[str, Any]]:
        """Return every image that has a link, in the order of their first ones."""
        with self._lock:
            pictures = [link.picture for link in self._links.values() if link.picture]
        return [each.as_json() for each in {id(each): each for each in pictures}.values()]

    def count_download(self, picture: Picture) -> int:
        with self._lock:
            picture.downloads += 1
            return picture.downloads


def _dead_links(picture: Picture) -> float:
    return picture.faults.get("dead_link", 0)
