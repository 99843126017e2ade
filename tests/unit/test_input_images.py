from dataclasses import dataclass, field, replace
from typing import Any, BinaryIO
from unicodedata import normalize

import pytest
from ringback.domain.drops import DroppedObject, bucket_and_key
from ringback.domain.errors import InputImageRefused
from ringback.domain.jobs import JobRequest
from ringback.domain.uploads import prefix_of
from ringback.use_cases import input_images
from ringback.use_cases.input_images import CheckInputImage, with_links

from tests.support.jobs import a_request

KITE = "s3://drops/kites/red kite.png"


@dataclass
class Drops:
    objects: dict[str, DroppedObject] = field(default_factory=dict)
    looked: list[str] = field(default_factory=list)
    copied: list[tuple[str, str]] = field(default_factory=list)

    def inspect(self, key: str, *, version: str | None = None) -> DroppedObject | None:
        self.looked.append(key)
        found = self.objects.get(key)
        return replace(found, version=version) if found and version else found

    def copy(self, key: str, version: str, *, into: BinaryIO) -> None:
        self.copied.append((key, version))
        into.write(self.objects[key].head)

    def __call__(self, url: str) -> tuple[str, str]:
        return CheckInputImage(images=self, bucket="drops", rules=Rules())(url, client="studio")


class Rules:
    def fault_of(self, head: bytes, size: int) -> str:
        return "" if head.startswith(b"PNG") and size < 10 else f"{size} bytes"

    def damage_of(self, content: BinaryIO, size: int) -> str:
        content.seek(0)
        return "it is damaged" if content.read().endswith(b"damaged") else ""


def test_the_checked_version_is_sent() -> None:
    drops = Drops({"kites/red kite.png": DroppedObject(version="v1", head=b"PNG", size=9)})
    assert drops(KITE) == (KITE, "v1")
    check = CheckInputImage(images=drops, bucket="drops", rules=Rules())
    assert check(KITE, "v0", client="studio") == (KITE, "v0")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("s3://drops/nothing.png", "the object does not exist"),
        ("s3://drops/large.png", "10 bytes"),
        ("s3://another/kites/red kite.png", "only images in s3://drops/ are accepted"),
        ("s3://drops/receipts/kite.png", "only images in s3://drops/ are accepted"),
        ("s3://drops", "not s3://bucket/key"),
        ("s3://drops/", "not s3://bucket/key"),
        ("s3:///kite.png", "not s3://bucket/key"),
        ("s3://Drops/kite.png", "not s3://bucket/key"),
        ("s3://drops@another/kite.png", "not s3://bucket/key"),
    ],
)
def test_other_urls_are_refused(url: str, reason: str) -> None:
    drops = Drops({"large.png": DroppedObject(version="v1", head=b"PNG", size=10)})
    with pytest.raises(InputImageRefused, match=reason):
        drops(url)


def test_an_image_is_read_as_a_whole_once_a_version() -> None:
    key = "kites/red kite.png"
    drops = Drops({key: DroppedObject(version="v1", head=b"PNG damaged", size=9)})
    check = CheckInputImage(images=drops, bucket="drops", rules=Rules())
    for _ in range(2):
        with pytest.raises(InputImageRefused, match="it is damaged"):
            check(KITE, client="studio")
    drops.objects[key] = DroppedObject(version="v2", head=b"PNG", size=9)
    for _ in range(2):
        assert check(KITE, client="studio") == (KITE, "v2")
    assert drops.copied == [(key, "v1"), (key, "v2")]


def test_what_is_remembered_of_images_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(input_images, "MAX_KNOWN", 2)
    names = [f"{n}.png" for n in range(5)]
    drops = Drops({name: DroppedObject(version=name, head=b"PNG", size=9) for name in names})
    check = CheckInputImage(images=drops, bucket="drops", rules=Rules())
    for name in names:
        check(f"s3://drops/{name}", client="studio")
        assert len(check.damages) <= 2


@pytest.mark.parametrize(
    "key", ["cafe\u0301/\u00e9.png", "caf\u00e9/e\u0301.png", "caf\u00e9/\u00e9.png"]
)
def test_an_accent_may_be_spelled_in_either_way(key: str) -> None:
    """One system writes two characters where others write one."""
    image = DroppedObject(version="v1", head=b"PNG", size=9)
    stored = [normalize("NFC", key), normalize("NFD", key)]
    for name in stored:
        assert Drops({name: image})(f"s3://drops/{key}") == (f"s3://drops/{name}", "v1")
    all_of_them = Drops(dict.fromkeys([*stored, key], image))
    assert all_of_them(f"s3://drops/{key}") == (f"s3://drops/{key}", "v1")


def test_no_key_is_asked_for_that_s3_cannot_have() -> None:
    drops = Drops()
    for key in ("\u1100" * 600, "\uac00" * 341):
        with pytest.raises(InputImageRefused, match="does not exist"):
            drops(f"s3://drops/{key}")
    assert drops.looked == ["\uac00" * 341]


def test_only_objects_in_the_drop_bucket_are_read() -> None:
    drops = Drops()
    for url in ("s3://another/kite.png", "s3://drops/receipts/a.jsonl"):
        with pytest.raises(InputImageRefused):
            drops(url)
    assert drops.looked == []


def test_an_upload_is_an_input_of_its_own_client_alone() -> None:
    """Whether another client has uploaded an image is not told, nor looked up."""
    key = f"{prefix_of('studio')}5e"
    drops = Drops({key: DroppedObject(version="v1", head=b"PNG", size=9)})
    check = CheckInputImage(images=drops, bucket="drops", rules=Rules())
    assert check(f"s3://drops/{key}", client="studio") == (f"s3://drops/{key}", "v1")
    drops.looked.clear()
    words = set()
    for name in (key, f"{prefix_of('shop')}5e", "uploads/5e"):
        with pytest.raises(InputImageRefused) as refused:
            check(f"s3://drops/{name}", "v1", client="shop")
        words.add(str(refused.value))
    assert words == {"there is no such upload, or it has expired; upload the image again"}
    assert drops.looked == [f"{prefix_of('shop')}5e"]


def test_no_spelling_of_a_key_leads_to_another_client_s_upload() -> None:
    """Unicode has other characters for some ASCII ones, which S3 would be asked for, too."""
    key = f"{prefix_of('studio')}K"
    drops = Drops({key: DroppedObject(version="v1", head=b"PNG", size=9)})
    check = CheckInputImage(images=drops, bucket="drops", rules=Rules())
    with pytest.raises(InputImageRefused, match="no such upload"):
        check(f"s3://drops/{key[:-1]}\u212a", client="shop")
    assert drops.looked == []


def test_a_key_is_taken_literally() -> None:
    assert bucket_and_key("s3://my.drops-1/a b/ü?x=1#%20") == ("my.drops-1", "a b/ü?x=1#%20")


def a_request_for(given: dict[str, Any], **versions: str) -> JobRequest:
    images = {f"s3://drops/{name}": version for name, version in versions.items()}
    return JobRequest(model="m", provider="kie", input=given, sent={}, input_images=images)


def test_s3_urls_are_replaced_by_links() -> None:
    given = {
        "prompt": "as in s3://drops/a",
        "image_urls": ["s3://drops/a", "https://a.example/", "s3://drops/b", "s3://drops/a"],
        "more": {"deep": [{"image": "s3://drops/b"}], "number": 1, "none": None},
    }
    sent = with_links(
        a_request_for(given, a="1", b="2"), lambda url, version: f"{url[11:]}{version}"
    )
    assert sent.input == {
        "prompt": "as in s3://drops/a",
        "image_urls": ["a1", "https://a.example/", "b2", "a1"],
        "more": {"deep": [{"image": "b2"}], "number": 1, "none": None},
    }


def test_a_request_without_s3_urls_is_unchanged() -> None:
    request = a_request()
    assert with_links(request, lambda url, version: "never") is request
