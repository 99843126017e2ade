"""URLs of input images: which are passed on to the provider, and which are checked first."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from ringback.catalogue.image_urls import MAX_DROPPED_IMAGES, DroppedImages, ImageUrl
from ringback.domain.errors import InputImageRefused

from tests.support.model_facts import FACTS, Urls

image_url: TypeAdapter[str] = TypeAdapter(ImageUrl)
HOST = "https://pictures.example"


@pytest.mark.parametrize(
    "url",
    [
        HOST,
        f"{HOST}/",
        f"{HOST}/a%20cat.png?size=2&x=%C3%A9#top",
        "HTTPS://Pictures.Example/A.png",
        f"{HOST}:443/a.png",
        "https://8.8.8.8/a.png",
        f"{HOST}/@user/a.png",
        f"{HOST}/{'x' * (2048 - len(HOST) - 1)}",
    ],
)
def test_an_https_url_is_passed_on_unchanged(url: str) -> None:
    assert image_url.validate_python(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "pictures.example/a.png",
        "//pictures.example/a.png",
        "http://pictures.example/a.png",
        "ftp://pictures.example/a.png",
        "s3://bucket/a.png",
        "file:///etc/passwd",
        "data:image/png;base64,AAAA",
        "https:pictures.example",
        "https:/pictures.example/",
        "https://",
        "https:///a.png",
        "https://?a.png",
        "https://:443/a.png",
        "https://user@pictures.example/a.png",
        "https://user:password@pictures.example/a.png",
        "https://@pictures.example/a.png",
        f"{HOST}:0/a.png",
        f"{HOST}:65536/a.png",
        f"{HOST}:8443/a.png",
        "https://localhost/a.png",
        "https://10.0.0.1/a.png",
        "https://2130706433/a.png",
        "https://[::ffff:8.8.8.8]/a.png",
        "https://169.254.169.254/latest/meta-data/",
        f"{HOST}:port/a.png",
        "https://[::1/a.png",
        f" {HOST}/a.png",
        f"{HOST}/a.png ",
        f"{HOST}/a cat.png",
        f"{HOST}/a\tcat.png",
        f"{HOST}/a.png\n",
        f"{HOST}/a\r\nHost: elsewhere.example",
        f"{HOST}/a\0.png",
        f"{HOST}/a\x7f.png",
        f"{HOST}/caf\N{LATIN SMALL LETTER E WITH ACUTE}.png",
        "https://pictures\N{FULLWIDTH FULL STOP}example/a.png",
        f"{HOST}/a\N{ZERO WIDTH SPACE}.png",
        f"{HOST}/a\N{RIGHT-TO-LEFT OVERRIDE}gnp",
        f"{HOST}/a\ud800.png",
        "https://pictures.example\\@elsewhere.example/a.png",
        "https://pictures.example\\.elsewhere.example/a.png",
        f"{HOST}/{'x' * (2049 - len(HOST) - 1)}",
    ],
)
def test_any_other_url_is_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        image_url.validate_python(url)


KITE, SEA = "s3://drops/kites/red kite.png", "s3://drops/sea.png"


def dropped(*known: str) -> tuple[DroppedImages, list[str]]:
    checked: list[str] = []

    def find(url: str) -> tuple[str, str]:
        checked.append(url)
        if url not in known:
            raise InputImageRefused("there is no such object")
        return url, f"version {len(checked)}"

    return DroppedImages(find), checked


def test_an_s3_url_is_checked_once_and_its_version_kept() -> None:
    images, checked = dropped(KITE, SEA)
    for url in (KITE, SEA, KITE):
        assert image_url.validate_python(url, context=images) == url
    assert images.versions == {KITE: "version 1", SEA: "version 2"}
    assert checked == [KITE, SEA]


def test_a_refused_s3_url_has_a_reason() -> None:
    images, _ = dropped(KITE)
    with pytest.raises(ValidationError, match="there is no such object"):
        image_url.validate_python(SEA, context=images)
    assert images.versions == {}


def test_the_number_of_s3_requests_is_limited() -> None:
    urls = [f"s3://drops/{number}" for number in range(MAX_DROPPED_IMAGES + 1)]
    images, checked = dropped(*urls)
    for url in urls[:-1]:
        image_url.validate_python(url, context=images)
    with pytest.raises(ValidationError, match="at most 14 images of the drop bucket"):
        image_url.validate_python(urls[-1], context=images)
    assert (
        len(checked)
        == MAX_DROPPED_IMAGES
        == max(
            fact.most
            for facts in FACTS.values()
            for fact in facts.values()
            if isinstance(fact, Urls)
        )
    )


@given(st.text(max_size=40))
def test_any_path_is_accepted_or_refused(rest: str) -> None:
    url = f"{HOST}/{rest}"
    try:
        assert image_url.validate_python(url) == url
    except ValidationError:
        return
    assert url.isascii()
    assert url.isprintable()
    assert " " not in url
