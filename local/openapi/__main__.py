"""Write the API's description and the page of its errors."""

import json
from collections.abc import Mapping
from pathlib import Path

from ringback.http_api.api_docs import DOCUMENT, PAGE

from local.openapi.document import document
from local.openapi.errors_page import errors_page
from local.openapi.page import page_of
from local.paths import ROOT


def files() -> Mapping[Path, str]:
    described = document()
    return {
        DOCUMENT: json.dumps(described, ensure_ascii=False, indent=1) + "\n",
        PAGE: page_of(described),
        ROOT / "docs" / "errors.md": errors_page(),
    }


def stale() -> list[str]:
    """Return the files that are not what they should be."""
    return [
        path.name for path, text in files().items() if not path.exists() or path.read_text() != text
    ]


if __name__ == "__main__":
    for path, text in files().items():
        path.write_text(text, "utf-8")
