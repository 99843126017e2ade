"""What people read when a request is wrong: the next try has to be right."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from ringback.catalogue.image_urls import DroppedImages, ImageUrl, nothing_dropped
from ringback.catalogue.requests import read_request
from ringback.domain.errors import InvalidRequest

from tests.support.model_facts import FACTS, Text, bad_values, smallest

V4 = "bytedance/seedream-v4-text-to-image"
EDIT = "seedream/4.5-edit"
CHANJING = "chanjing/doubao-seedream-4.0"
A_URL = "https://pictures.example/a.png"
UPLOAD = "upload it, for example to the drop bucket, and send its https:// or s3:// URL"
CALLBACK = "unknown field; send callBackUrl beside input, not in it"


def refusals(sent: dict[str, Any], **options: Any) -> dict[str, str]:
    with pytest.raises(InvalidRequest) as refused:
        read_request(sent, **options)
    return {error.field: error.message for error in refused.value.errors}


WRONG_VALUES = [
    (V4, "prompt", "", "must have at least 1 character"),
    ("seedream/5-lite-text-to-image", "prompt", "x", "must have at least 3 characters"),
    (V4, "prompt", "   ", "must not be blank"),
    (V4, "prompt", "\u200b\u2060\ufeff", "must not be blank"),
    (V4, "prompt", "a\0", "must not contain the control character U+0000"),
    (V4, "prompt", "a\x7f", "must not contain the control character U+007F"),
    (V4, "prompt", "a\x85b", "must not contain the control character U+0085"),
    (V4, "prompt", "a\x9f", "must not contain the control character U+009F"),
    (V4, "prompt", 7, "must be text, in quotes"),
    (V4, "prompt", ["x"], "must be text"),
    (V4, "max_images", "2", "must be a whole number, without quotes"),
    (V4, "max_images", "many", "must be a whole number"),
    (V4, "max_images", 2.5, "must be a whole number, without a fraction"),
    (V4, "max_images", True, "must be a whole number"),
    (V4, "max_images", 0, "must be at least 1"),
    (V4, "max_images", 7, "must be at most 6"),
    (V4, "seed", 2**63, "must be at most 9223372036854775807"),
    (V4, "nsfw_checker", "true", "must be true or false, without quotes"),
    (V4, "nsfw_checker", "yes", "must be true or false"),
    (V4, "nsfw_checker", 1, "must be true or false"),
    (V4, "image_resolution", "4k", "must be 1K, 2K or 4K; did you mean 4K?"),
    (V4, "image_resolution", "1024x1024", "must be 1K, 2K or 4K"),
    (V4, "image_resolution", 4, "must be 1K, 2K or 4K"),
    (EDIT, "quality", "Hihg", "must be basic or high; did you mean high?"),
    (EDIT, "image_urls", A_URL, 'must be a list, such as ["..."]'),
    (EDIT, "image_urls", {}, "must be a list"),
    (EDIT, "image_urls", [], "must have at least 1 item"),
    (EDIT, "image_urls", [A_URL] * 15, "must have at most 14 items; it has 15"),
    ("bytedance/seedream", "guidance_scale", "2.5", "must be a number, without quotes"),
    (CHANJING, "clarity", "2048", "must be 1024, 2048 or 4096, without quotes"),
    (CHANJING, "clarity", 2000, "must be 1024, 2048 or 4096"),
]


@pytest.mark.parametrize(("model", "name", "value", "message"), WRONG_VALUES)
def test_a_wrong_value(model: str, name: str, value: Any, message: str) -> None:
    sent = {"model": model, "input": smallest(model) | {name: value}}
    assert refusals(sent) == {f"input.{name}": message}


UNKNOWN_FIELDS = [
    (V4, "imageSize", "unknown field; did you mean image_size?"),
    *(
        (V4, name, f"{V4} has no input images; bytedance/seedream-v4-edit has image_urls")
        for name in ("image", "images", "image_url", "reference_images", "input_image")
    ),
    (V4, "n", "unknown field; did you mean max_images?"),
    (V4, "num_images", "unknown field; did you mean max_images?"),
    (V4, "Seed", "unknown field; did you mean seed?"),
    (V4, "promt", "unknown field; did you mean prompt?"),
    (V4, "callBackUrl", CALLBACK),
    (V4, "webhook_url", CALLBACK),
    (V4, "model", "unknown field; it belongs beside input, not in it"),
    (V4, "qwertz", "unknown field"),
    (EDIT, "imageUrls", "unknown field; did you mean image_urls?"),
    (EDIT, "image", "unknown field; did you mean image_urls?"),
    (EDIT, "imageSize", "unknown field; did you mean aspect_ratio?"),
    (CHANJING, "prompt", "unknown field; did you mean ref_prompt?"),
    (CHANJING, "n", "unknown field; did you mean number_of_images?"),
    (CHANJING, "image_urls", "unknown field; did you mean ref_img_url?"),
]


@pytest.mark.parametrize(("model", "name", "message"), UNKNOWN_FIELDS)
def test_an_unknown_field(model: str, name: str, message: str) -> None:
    sent = {"model": model, "input": smallest(model) | {name: 1}}
    assert refusals(sent) == {f"input.{name}": message}


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("Model", "unknown field; did you mean model?"),
        ("inputs", "unknown field; did you mean input?"),
        ("prompt", "unknown field; did you mean input.prompt?"),
        ("n", "unknown field; did you mean input.max_images?"),
        *(
            (name, "unknown field; did you mean callBackUrl?")
            for name in ("callback_url", "callbackUrl", "webhook", "webhook_url", "notify_url")
        ),
        ("qwertz", "unknown field"),
    ],
)
def test_an_unknown_field_beside_the_input(more: str, message: str) -> None:
    assert refusals({"model": V4, "input": {"prompt": "x"}, more: 1}) == {more: message}


@given(st.text(max_size=30), st.sampled_from(sorted(FACTS)))
def test_any_name_is_answered(name: str, model: str) -> None:
    if name not in {*FACTS[model], "creation_type", "model_code", "ref_img_url"}:
        (message,) = refusals({"model": model, "input": smallest(model) | {name: 1}}).values()
        assert "field" in message or "filled in" in message


def test_no_message_is_pydantics_own() -> None:
    """They are for programmers: ``Input should be a valid string``."""
    for model, facts in FACTS.items():
        for name, fact in facts.items():
            for value in [*bad_values(fact), None]:
                if not (isinstance(fact, Text) and value == ""):
                    sent = {"model": model, "input": smallest(model) | {name: value}}
                    for message in refusals(sent).values():
                        assert "Input" not in message
                        assert " valid " not in message
                        assert "should" not in message


@pytest.mark.parametrize("model", ["z-image", "seedream/9"])
def test_models_outside_the_catalogue_take_no_blank_prompt(model: str) -> None:
    for prompt, message in (
        ("  ", "must not be blank"),
        ("a\0", "must not contain the control character U+0000"),
    ):
        sent = {"model": model, "input": {"prompt": prompt}}
        assert refusals(sent, pass_through=True) == {"input.prompt": message}
    assert read_request({"model": model, "input": {"prompt": ""}}, pass_through=True)


image_url: TypeAdapter[str] = TypeAdapter(ImageUrl)
NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)


def checked(url: str) -> str:
    """Return what is said about a URL, empty if nothing is."""
    try:
        images = DroppedImages(nothing_dropped, now=lambda: NOW)
        assert image_url.validate_python(url, context=images) == url
    except ValidationError as error:
        return error.errors(include_url=False)[0]["msg"]
    return ""


PATH = "is a path on a computer"
NO_IMAGES = [
    (f"/{'home'}/me/fox.png", PATH),
    (f"/{'Users'}/me/fox.png", PATH),
    ("~/fox.png", PATH),
    ("./fox.png", PATH),
    ("..\\fox.png", PATH),
    ("C:\\Users\\me\\fox.png", PATH),
    ("c:/fox.png", PATH),
    ("\\\\server\\share\\fox.png", PATH),
    ("file:///srv/fox.png", PATH),
    ("FILE:/fox.png", PATH),
    ("fox.png", "is the name of a file"),
    ("data:image/png;base64,iVBORw0KGgo=", "is a data: URI"),
    (" DATA:image/png,x", "is a data: URI"),
    ("iVBORw0KGgoAAAANSUhEUg==", "is an image in Base64"),
    ("/9j/4AAQSkZJRgABAQ==", "is an image in Base64"),
    ("data:image/png;base64," + "A" * 100_000, "is a data: URI"),
    ("iVBORw0KGgo" + "A" * 100_000, "is an image in Base64"),
    (f"{A_URL}?{'x' * 2048}", "must have at most 2048 characters; it has 2079"),
    ("s3://drops/" + "x" * 2048, "must have at most 2048 characters; it has 2059"),
    ("blob:https://a.example/9115d58c", "is a blob: URL"),
    ("", "must not be empty"),
    ("http://a.example/fox.png", "must start with https://, not http://"),
    ("ftp://a.example/fox.png", "must start with https:// or s3://"),
    ("gs://bucket/fox.png", "must be an https:// URL; make a presigned one"),
    ("//a.example/fox.png", "must start with https://, not with //"),
    ("a.example/fox", "must start with https://"),
    ("https://s3.console.aws.amazon.com/s3/object/b?prefix=a.png", "is an AWS console page"),
    ("https://eu-west-1.console.aws.amazon.com/s3/object/b?prefix=a", "is an AWS console page"),
    ("https://drive.google.com/file/d/1x/view?usp=sharing", "is a Google Drive page"),
    ("https://drive.google.com/open?id=1x", "is a Google Drive page"),
    ("https://photos.app.goo.gl/x", "is a Google Photos page"),
    (
        "https://www.dropbox.com/scl/fi/x/fox.png?rlkey=y&dl=0",
        "is a Dropbox page; end it with raw=1",
    ),
    ("https://www.dropbox.com/s/x/fox.png", "is a Dropbox page"),
    ("https://1drv.ms/i/s!x", "is a OneDrive page"),
    ("https://onedrive.live.com/?id=x", "is a OneDrive page"),
    ("https://firm-my.sharepoint.com/:i:/g/personal/x", "is a SharePoint page"),
    ("https://www.icloud.com/iclouddrive/0x#fox.png", "is an iCloud page"),
    ("https://imgur.com/a/x", "is an Imgur page"),
    ("https://www.imgur.com/x", "is an Imgur page"),
    ("https://github.com/me/repo/blob/main/fox.png", "is a GitHub page"),
    ("https://ibb.co/x", "is an ImgBB page"),
    ("https://commons.wikimedia.org/wiki/File:Fox.png", "is a Wikimedia Commons page"),
]
IMAGES = [
    A_URL,
    "https://i.imgur.com/x.png",
    "https://i.ibb.co/x/fox.png",
    "https://www.dropbox.com/scl/fi/x/fox.png?rlkey=y&raw=1",
    "https://dl.dropboxusercontent.com/s/x/fox.png",
    "https://drive.google.com/uc?export=download&id=1x",
    "https://lh3.googleusercontent.com/x",
    "https://firm.sharepoint.com/:i:/g/x?download=1",
    "https://cvws.icloud-content.com/x/fox.png",
    "https://raw.githubusercontent.com/me/repo/main/fox.png",
    "https://github.com/me/repo/raw/main/fox.png",
    "https://github.com/me/repo/blob/main/fox.png?raw=true",
    "https://github.com/me/repo/blob/main/fox.png?raw=1",
    "https://upload.wikimedia.org/x/Fox.png",
    "https://imgur.com.pictures.example/x.png",
    "https://notimgur.com/x.png",
    "https://bucket.s3.eu-west-1.amazonaws.com/file:/data:/C:/fox.png",
]


@pytest.mark.parametrize(("url", "words"), NO_IMAGES)
def test_a_url_that_cannot_lead_to_an_image(url: str, words: str) -> None:
    assert checked(url).startswith(words)


@pytest.mark.parametrize("url", IMAGES)
def test_a_url_that_may_lead_to_an_image(url: str) -> None:
    assert checked(url) == ""


BUCKET = "https://bucket.s3.eu-west-1.amazonaws.com/a.png"
AWS = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=00"


@pytest.mark.parametrize(
    ("url", "until"),
    [
        (f"{BUCKET}?{AWS}&X-Amz-Date=20261127T105959Z&X-Amz-Expires=3600", "2026-11-27 11:59"),
        (f"{BUCKET}?{AWS}&X-Amz-Date=20261127T110001Z&X-Amz-Expires=3600", None),
        (f"{BUCKET}?{AWS}&x-amz-date=20260101T000000Z&x-amz-expires=60", "2026-01-01 00:01"),
        (f"{BUCKET}?{AWS}&X-Amz-Date=now&X-Amz-Expires=60", None),
        (f"{BUCKET}?{AWS}&X-Amz-Date=20260101T000000Z&X-Amz-Expires={'9' * 999}", None),
        (f"{BUCKET}?AWSAccessKeyId=A&Expires=1790000000&Signature=x", "2026-09-21 14:13"),
        (f"{BUCKET}?AWSAccessKeyId=A&Expires=1990000000&Signature=x", None),
        (f"{A_URL}?Expires=1790000000&Signature=x&Key-Pair-Id=K", "2026-09-21 14:13"),
        (f"{A_URL}?OSSAccessKeyId=A&Expires=1790000000&Signature=x", "2026-09-21 14:13"),
        (f"{A_URL}?Expires=1790000000", None),
        (f"{A_URL}?X-Goog-Date=20260101T000000Z&X-Goog-Expires=60", "2026-01-01 00:01"),
        (f"{A_URL}?X-Tos-Date=20260101T000000Z&X-Tos-Expires=60", "2026-01-01 00:01"),
        (f"{A_URL}?x-oss-date=20260101T000000Z&x-oss-expires=60", "2026-01-01 00:01"),
        (f"{A_URL}?q-sign-time=1789990000%3B1790000000&q-signature=x", "2026-09-21 14:13"),
        (f"{A_URL}?se=2026-01-01T00%3A00%3A00Z&sig=x", "2026-01-01 00:00"),
        (f"{A_URL}?se=2026-01-01&sig=x", "2026-01-01 00:00"),
        (f"{A_URL}?se=2030-01-01T00%3A00%3A00Z&sig=x", None),
        (f"{A_URL}?se=soon&sig=x", None),
        (f"{A_URL}?ex=6ab16480&is=6ab01300&hm=00", "2026-09-21 17:08"),
        (f"{A_URL}?ex=xyz&is=1&hm=2", None),
    ],
)
def test_an_expired_link_is_refused(url: str, until: str | None) -> None:
    more = "make a new link that is valid for a day"
    assert checked(url) == (f"expired at {until} UTC; {more}" if until else "")


@given(st.text(max_size=60) | st.text(max_size=40).map(lambda text: f"{A_URL}?{text}"))
def test_any_text_is_answered(url: str) -> None:
    checked(url)
