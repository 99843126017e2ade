"""The request examples that the project started from: commands from the providers' own pages.

Each is kept word for word in ``events/seeds``, and sent with another host and key only.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from tests.support.template import ROOT

SEEDS: Final = sorted((ROOT / "events" / "seeds").glob("*.sh"))
# What the pages print where a client has its key.
PLACEHOLDERS: Final = ("<token>", "{{access_token}}")
_METHOD: Final = re.compile(r"--request (\w+)")
_URL: Final = re.compile(r"https://\S+?(?=['\s])")
_HEADER: Final = re.compile(r"--?header '([^:]+): ([^']*)'")
# In quotes, or as a here-document.
_BODY: Final = re.compile(r"--data(?:-raw)? (?:'(.*)'|@- <<EOF\n(.*)EOF)\s*\Z", re.DOTALL)


@dataclass(frozen=True)
class Seed:
    """``headers`` have lower-case names, as API Gateway passes them on."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def route(self) -> str:
        return f"{self.method} {self.path}"


def read_seed(file: Path, *, key: str) -> Seed:
    """Read the command as a shell and curl would, with a client's key in place of the example's."""
    command = file.read_text()
    method, url, body = _METHOD.search(command), _URL.search(command), _BODY.search(command)
    assert method
    assert url
    assert body
    headers = {name.lower(): value for name, value in _HEADER.findall(command)}
    for placeholder in PLACEHOLDERS:
        headers = {name: value.replace(placeholder, key) for name, value in headers.items()}
    return Seed(method[1], urlsplit(url[0]).path, headers, (body[1] or body[2]).encode())
