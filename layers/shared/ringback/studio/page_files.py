"""The files of the page, each under the path at which a browser asks for it.

``./`` in front of an asset in ``index.html`` becomes ``./assets/<hash of all assets>/``, so that an
asset's path never means two contents and may be kept for ever; the page itself is asked for anew
each time.
"""

import gzip
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from html import escape
from pathlib import Path
from typing import Final

from ringback.studio.joined_script import joined

ASSETS: Final = "assets"
PAGE, ENTRY = "index.html", "app.js"
_SETTINGS: Final = '<meta name="ringback-settings" content="{}">'
KINDS: Final[Mapping[str, str]] = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True)
class PageFile:
    content: bytes
    kind: str
    is_immutable: bool = False

    @property
    def etag(self) -> str:
        """A weak one: the same for the compressed content."""
        return f'W/"{_digest(self.content)}"'

    def compressed(self) -> bytes:
        """Return the content as gzip, compressed at the first request."""
        return _compressed(self.content)


@cache
def _compressed(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


def page_files(folder: Path, settings: Mapping[str, str]) -> dict[str, PageFile]:
    """Read the page; ``settings`` are what it has to know, and become its ``meta`` element."""
    texts = {path.name: path.read_text("utf-8") for path in sorted(folder.iterdir())}
    page, assets = texts.pop(PAGE), _assets(texts)
    version = _digest(b"".join(name.encode() + assets[name].content for name in sorted(assets)))
    for name in assets:
        page = page.replace(f'"./{name}"', f'"./{ASSETS}/{version}/{name}"')
    page = page.replace(_SETTINGS.format("{}"), _SETTINGS.format(escape(json.dumps(settings))))
    return {
        "/": PageFile(page.encode(), KINDS[".html"]),
        **{f"/{ASSETS}/{version}/{name}": file for name, file in assets.items()},
    }


def _assets(texts: Mapping[str, str]) -> dict[str, PageFile]:
    modules = {name: text for name, text in texts.items() if name.endswith(".js")}
    served = {name: text for name, text in texts.items() if name not in modules}
    served[ENTRY] = joined(modules, ENTRY)
    return {
        name: PageFile(text.encode(), KINDS[Path(name).suffix], is_immutable=True)
        for name, text in served.items()
    }


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()[:20]
