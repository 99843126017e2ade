import gzip
from base64 import b64decode
from typing import Any

import pytest
from ringback.studio.page_answers import answer
from ringback.studio.page_files import PageFile

PAGE = PageFile(b"<p>page" * 40, "text/html; charset=utf-8")
ASSET = PageFile(b"p {}", "text/css; charset=utf-8", is_immutable=True)
FILES = {"/": PAGE, "/assets/0a/style.css": ASSET}
GUARDS = {"content-security-policy": "default-src 'none'"}


def ask(path: str, method: str = "GET", **headers: str) -> dict[str, Any]:
    event = {
        "rawPath": path,
        "headers": {name.replace("_", "-"): value for name, value in headers.items()},
        "requestContext": {"http": {"method": method}},
    }
    return answer(event, FILES, GUARDS)


def body_of(reply: dict[str, Any]) -> bytes:
    assert reply["isBase64Encoded"] is True
    return b64decode(reply["body"])


def test_the_page_is_asked_for_each_time_and_an_asset_never_again() -> None:
    assert ask("/")["headers"]["cache-control"] == "no-cache"
    asset = ask("/assets/0a/style.css")
    assert asset["headers"]["cache-control"] == "public, max-age=31536000, immutable"
    assert (asset["statusCode"], body_of(asset)) == (200, b"p {}")
    assert asset["headers"]["content-type"] == "text/css; charset=utf-8"


@pytest.mark.parametrize("accepted", ["gzip", "br, gzip", "gzip, deflate, br, zstd"])
def test_it_is_compressed_for_whoever_accepts_that(accepted: str) -> None:
    reply = ask("/", accept_encoding=accepted)
    assert reply["headers"]["content-encoding"] == "gzip"
    assert reply["headers"]["vary"] == "accept-encoding"
    assert len(body_of(reply)) < len(PAGE.content)
    assert gzip.decompress(body_of(reply)) == PAGE.content


@pytest.mark.parametrize("accepted", ["", "br", "identity", "gzip;q=0", "x-gzip"])
def test_it_is_not_compressed_for_others(accepted: str) -> None:
    reply = ask("/", accept_encoding=accepted)
    assert "content-encoding" not in reply["headers"]
    assert reply["headers"]["vary"] == "accept-encoding"
    assert body_of(reply) == PAGE.content


@pytest.mark.parametrize("known", [PAGE.etag, f'W/"other", {PAGE.etag}'])
def test_a_page_that_is_known_is_not_sent_again(known: str) -> None:
    reply = ask("/", if_none_match=known)
    assert reply["statusCode"] == 304
    assert "body" not in reply
    assert reply["headers"] == {
        **GUARDS,
        "cache-control": "no-cache",
        "etag": PAGE.etag,
        "vary": "accept-encoding",
    }
    assert ask("/", if_none_match='W/"other"')["statusCode"] == 200


@pytest.mark.parametrize("path", ["/favicon.ico", "/assets/0b/style.css", "/assets", "", "//"])
def test_what_is_not_there_is_not_kept(path: str) -> None:
    """Of another version, too: a deployment may be seconds away."""
    reply = ask(path)
    assert reply["statusCode"] == 404
    assert reply["headers"]["cache-control"] == "no-store"
    assert reply["headers"] | GUARDS == reply["headers"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_files_are_only_read(method: str) -> None:
    reply = ask("/", method)
    assert (reply["statusCode"], reply["headers"]["allow"]) == (405, "GET, HEAD")
    assert reply["headers"] | GUARDS == reply["headers"]


def test_every_answer_has_the_guarding_headers() -> None:
    for path in FILES:
        assert ask(path, "HEAD")["headers"] | GUARDS == ask(path, "HEAD")["headers"]
