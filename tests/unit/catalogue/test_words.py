"""What people read when a request is wrong: the next try has to be right."""

import json
from base64 import b64encode, urlsafe_b64encode
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


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ({"url": A_URL}, "must be text; send the URL itself, not an object with it"),
        ({"type": "image_url", "image": "S3://drops/a.png"}, "must be text; send the URL itself"),
        ({"id": 7}, "must be text"),
        (None, "must be text"),
        (7, "must be text, in quotes"),
        ([A_URL], "must be text"),
    ],
)
def test_an_image_that_is_no_url(item: Any, message: str) -> None:
    sent = {"model": EDIT, "input": smallest(EDIT) | {"image_urls": [A_URL, item]}}
    found = refusals(sent)["input.image_urls.1"]
    assert found.startswith(message)
    assert ("object" in found) is ("object" in message or "URL" in message)


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
    ("https://www.dropbox.com/scl/fi/x/fox.png?rlkey=y&dl=0", "is a Dropbox page"),
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
    ("https://console.amazonaws.cn/s3/object/b?prefix=a", "is an AWS console page"),
    ("https://oss.console.aliyun.com/bucket/x", "is an Alibaba Cloud console page"),
    ("https://storage.cloud.google.com/bucket/fox.png", "is a Google sign-in page"),
    ("https://firm.sharepoint.com/sites/x/_layouts/15/viewer.aspx?id=1", "is a SharePoint page"),
    ("https://pan.baidu.com/s/1x?pwd=abcd", "is a Baidu Netdisk page"),
    ("https://www.alipan.com/s/x", "is an Aliyun Drive page"),
    ("https://firm.feishu.cn/file/x", "is a Feishu page"),
    (f"https://www.notion.so/me/Fox-{'0' * 32}?pvs=4", "is a Notion page"),
    ("https://www.figma.com/design/x/fox?node-id=1", "is a Figma page"),
    ("https://we.tl/t-x", "is a WeTransfer page"),
    ("https://www.flickr.com/photos/me/1", "is a Flickr page"),
    ("https://www.pinterest.com/pin/1/", "is a Pinterest page"),
    ("https://www.instagram.com/p/x/", "is an Instagram page"),
    ("https://x.com/me/status/1/photo/1", "is an X page"),
    ("https://gitlab.com/me/group/repo/-/blob/main/fox.png", "is a GitLab page"),
    ("https://huggingface.co/datasets/me/x/blob/main/fox.png", "is a Hugging Face page"),
    ("https://www.google.com/imgres?imgurl=x", "is a Google Search page"),
    ("https://images.google.com/", "is a Google Search page"),
    ("https://drive.google.com/a/firm.example/file/d/1x/view", "is a Google Drive page"),
    ("https://docs.google.com/drawings/d/1x/edit?usp=sharing", "is a Google Docs page"),
    ("https://docs.google.com/document/d/1x", "is a Google Docs page"),
    ("https://firm.app.box.com/s/x", "is a Box page"),
    ("https://docs.qq.com/doc/x", "is a Tencent Docs page"),
    ("https://postimg.cc/gallery/x", "is a Postimages page"),
    ("https://de.wikipedia.org/wiki/Datei:Fox.png", "is a Wikipedia page"),
    ("https://wetransfer.com/downloads/x", "is a WeTransfer page"),
]
IMAGES = [
    "https://drive.google.com/u/0/uc?id=1x&export=download",
    "https://drive.google.com/thumbnail?id=1x&sz=w1000",
    "https://docs.google.com/drawings/d/e/2PACX-x/pub?w=960&h=720",
    "https://docs.google.com/presentation/d/1x/export/png?pageid=p",
    "https://docs.google.com/spreadsheets/d/e/2PACX-x/pubchart?oid=1&format=image",
    "https://firm.app.box.com/shared/static/x.png",
    "https://www.dropbox.com/s/raw/x/fox.png",
    "https://paper-attachments.dropbox.com/s_0123_fox.png",
    "https://previews.dropbox.com/p/thumb/x/p.jpeg",
    "https://download.wetransfer.com/eugv/x/fox.png?token=y",
    "https://firm.sharepoint.com/sites/x/_layouts/15/getpreview.ashx?path=x",
    "https://www.notion.so/images/page-cover/woodcuts_1.jpg",
    "https://www.canva.com/design/x/y/screen",
    "https://internal-api-drive-stream.feishu.cn/space/api/box/stream/download/authcode/?code=x",
    "https://docimg2.docs.qq.com/image/x.png",
    "https://imgur.com/x.png",
    "https://imgur.com/download/x",
    "https://s8.postimg.cc/x/fox.png",
    "https://www.pexels.com/photo/1/download/",
    "https://www.instagram.com/p/x/media/?size=l",
    "https://t.me/i/userpic/320/fox.jpg",
    "https://gitlab.com/me/repo/-/raw/main/-/blob/fox.png",
    "https://huggingface.co/datasets/me/x/resolve/main/blob/fox.png",
    "https://en.wikipedia.org/wiki/Special:FilePath/Fox.png",
    "https://de.wikipedia.org/wiki/Spezial:Dateipfad/Fox.png",
    "https://commons.wikimedia.org/wiki/Special%3AFilePath/Fox.png",
    "https://www.dropbox.com/s/x/fox.png?dl=1",
    "https://firm.sharepoint.com/sites/x/_layouts/15/download.aspx?UniqueId=1",
    "https://www.notion.so/image/https%3A%2F%2Fa.example%2Ffox.png?id=1",
    "https://s3-alpha.figma.com/x/fox.png",
    "https://bj.bcebos.com/pan/fox.png",
    "https://internal-api-drive-stream.feishu.cn/space-api/x",
    "https://live.staticflickr.com/1/2.jpg",
    "https://graph.facebook.com/1/picture",
    "https://lookaside.facebook.com/photo/1",
    "https://huggingface.co/datasets/me/x/resolve/main/fox.png",
    "https://gyazo.com/0123456789abcdef0123456789abcdef.png",
    "https://lh3.google.com/u/0/d/x",
    "https://netflix.com/fox.png",
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


def encoded(content: Any) -> str:
    return urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


def policy(seconds: Any, file: str = "a") -> str:
    """Return CloudFront's policy, which is in an alphabet of its own."""
    until = {"DateLessThan": {"AWS:EpochTime": seconds}}
    text = json.dumps({"Statement": [{"Resource": f"https://d/{file}", "Condition": until}]})
    written = b64encode(text.encode()).decode().translate(str.maketrans("+=/", "-_~"))
    return f"{A_URL}?Policy={written}&Signature=x&Key-Pair-Id=K"


def a_jwt(claims: Any, *, name: str = "token") -> str:
    return f"{A_URL}?{name}={encoded({'alg': 'HS256'})}.{encoded(claims)}.c2ln"


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
        (f"{A_URL}?ex=6ab16480", None),
        (f"{A_URL}?oh=00&oe=6AB16480", "2026-09-21 17:08"),
        (f"{A_URL}?oe=6AB16480", None),
        (f"{A_URL}?x-expires=1790000000&x-signature=x", "2026-09-21 14:13"),
        (f"{A_URL}?X-Expires=1990000000&x-signature=x", None),
        (f"{A_URL}?expires=1790000000&s={'0123456789abcdef' * 2}", "2026-09-21 14:13"),
        (f"{A_URL}?exp=1790000000&s=500", None),
        (f"{A_URL}?expires=1790000000000&token=x", "2026-09-21 14:13"),
        (f"{A_URL}?expires=179000000&token=x", None),
        (f"{A_URL}?Expires=1790000000&URLPrefix=x&KeyName=k&Signature=x", "2026-09-21 14:13"),
        (f"{A_URL}?e=1790000000&token=key:sign", "2026-09-21 14:13"),
        (f"{A_URL}?e=1790000000&token=key", None),
        (f"{A_URL}?q-sign-time=1789990000%3B1790000000", None),
        (f"{A_URL}?hdnts=st=1~exp=1790000000~acl=*~hmac=x", "2026-09-21 14:13"),
        (f"{A_URL}?Edge-Cache-Token=Expires=1790000000~Signature=x", "2026-09-21 14:13"),
        (f"{A_URL}?hdnts=exp=1990000000~hmac=x", None),
        (f"{A_URL}?note=exp=1790000000", None),
        *(
            (policy(1790000000, file), "2026-09-21 14:13")
            for file in ("a", "ab", "abc", "???>>>", "a???>>>", "ab???>>>")
        ),
        (policy(1990000000), None),
        (policy("soon"), None),
        (f"{A_URL}?Policy={encoded({'Statement': [1, 2]})}", None),
        (f"{A_URL}?Policy={encoded({'Statement': 3})}", None),
        (f"{A_URL}?Policy=not-Base64", None),
        (a_jwt({"exp": 1790000000}), "2026-09-21 14:13"),
        (a_jwt({"exp": 1790000000}, name="jwt"), "2026-09-21 14:13"),
        (a_jwt({"exp": 1990000000}), None),
        (a_jwt({"iat": 1790000000}), None),
        (a_jwt(["exp"]), None),
        (f"{A_URL}?token=eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjE3.x", None),
    ],
)
def test_an_expired_link_is_refused(url: str, until: str | None) -> None:
    more = "make a new link that is valid for a day"
    assert checked(url) == (f"expired at {until} UTC; {more}" if until else "")


@given(st.text(max_size=60) | st.text(max_size=40).map(lambda text: f"{A_URL}?{text}"))
def test_any_text_is_answered(url: str) -> None:
    checked(url)
