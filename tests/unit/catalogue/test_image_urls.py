"""The URLs of input images, which the provider fetches and we only pass on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from ringback.catalogue.model_input import ImageUrl

image_url: TypeAdapter[str] = TypeAdapter(ImageUrl)
HOST = "https://pictures.example"


@pytest.mark.parametrize(
    "url",
    [
        HOST,
        f"{HOST}/",
        f"{HOST}/a%20cat.png?size=2&x=%C3%A9#top",
        "HTTPS://Pictures.Example/A.png",
        f"{HOST}:8443/a.png",
        f"{HOST}/@user/a.png",
        f"{HOST}/{'x' * (2048 - len(HOST) - 1)}",
    ],
)
def test_an_https_url_is_passed_on_as_it_is(url: str) -> None:
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


@given(st.text(max_size=40))
def test_whatever_follows_the_host_there_is_a_verdict(rest: str) -> None:
    url = f"{HOST}/{rest}"
    try:
        assert image_url.validate_python(url) == url
    except ValidationError:
        return
    assert url.isascii()
    assert url.isprintable()
    assert " " not in url
