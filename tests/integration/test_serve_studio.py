"""The page for browsers as it is: its size, what it refers to, and nobody else's address."""

import json
import re
from base64 import b64decode
from html import unescape
from typing import Any, Final

import pytest

from tests.support.aws import SETTINGS
from tests.support.lambdas import Lambdas, an_event
from tests.support.template import ROOT

PAGE: Final = ROOT / "functions/serve_studio/page"
MAX_BYTES: Final = 60 * 1024
# Names of a kind of markup, never asked for, and where a link leads that somebody may follow.
NAMES: Final = (
    "http://www.w3.org/2000/svg",
    "http://www.w3.org/1999/xhtml",
    "https://console.aws.amazon.com/s3/object/",
)


def get(lambdas: Lambdas, path: str, **headers: str) -> dict[str, Any]:
    event = an_event("serve_studio", "page") | {"rawPath": path}
    return lambdas("serve_studio", event | {"headers": headers})


def text_at(lambdas: Lambdas, path: str) -> str:
    reply = get(lambdas, path)
    assert reply["statusCode"] == 200, path
    return b64decode(reply["body"]).decode()


def test_all_that_the_page_refers_to_is_there_and_small(lambdas: Lambdas) -> None:
    compressed = {"accept-encoding": "gzip"}
    page = text_at(lambdas, "/")
    paths = ["/", *(f"/{each}" for each in re.findall(r'"\./([^"]*)"', page))]
    assert len(paths) >= 4
    sizes = {path: len(b64decode(get(lambdas, path, **compressed)["body"])) for path in paths}
    assert sum(sizes.values()) <= MAX_BYTES
    assert lambdas.aws_calls == []


def test_every_file_of_the_page_is_used() -> None:
    """A module by an import, all else by the page."""
    modules = {path.name: path.read_text() for path in PAGE.glob("*.js")}
    imports = re.findall(r"""["'`]\./([^"'`]+\.js)["'`]""", "\n".join(modules.values()))
    # A part that is chosen when the page runs, such as a language.
    patterns = [re.sub(r"\\\$\\\{.*?\\\}", r"\\w+", re.escape(each)) for each in imports]
    for name in modules.keys() - {"app.js"}:
        assert any(re.fullmatch(each, name) for each in patterns), name
    others = {path.name for path in PAGE.iterdir()} - modules.keys() - {"index.html"}
    page = (PAGE / "index.html").read_text()
    assert {"app.js", *others} == set(re.findall(r'"\./([^"]+)"', page))


def test_the_page_names_nobody_s_address() -> None:
    texts = {path.name: path.read_text() for path in PAGE.iterdir()}
    for name, text in texts.items():
        found = re.findall(r"(?:https?:)?//[\w-]+\.[\w./-]+", text)
        assert [each for each in found if each not in NAMES] == [], name


def test_a_page_without_inline_script_style_or_markup_from_text() -> None:
    """What the policy forbids is not in it: a browser would just leave it out."""
    page = (PAGE / "index.html").read_text()
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*\ssrc=)|<base|javascript:", page)
    for path in PAGE.glob("*.js"):
        assert not re.search(
            r"\b(?:innerHTML|outerHTML|insertAdjacentHTML|DOMParser|document\.write|eval)\b"
            r"|new Function|setAttribute\(\s*[\"'](?:style|on)",
            path.read_text(),
        ), path.name


def test_the_settings_are_the_stack_s_own_addresses(lambdas: Lambdas) -> None:
    page = text_at(lambdas, "/")
    (content,) = re.findall(r'<meta name="ringback-settings" content="([^"]+)">', page)
    settings = json.loads(unescape(content))
    assert settings.keys() == {"api", "live", "version"}
    assert settings["api"] == SETTINGS["JOBS_API_URL"]
    assert settings["live"] == SETTINGS["LIVE_API_URL"].replace("https:", "wss:")


@pytest.mark.parametrize(("case", "status"), [("page", 200), ("not_there", 404)])
def test_a_browser_s_requests_are_answered(lambdas: Lambdas, case: str, status: int) -> None:
    reply = lambdas("serve_studio", an_event("serve_studio", case))
    assert reply["statusCode"] == status
    assert "default-src 'none'" in reply["headers"]["content-security-policy"]
