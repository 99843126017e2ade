import json
from typing import Any

import pytest

from local.simulator.kie.answers import Refused
from local.simulator.kie.models import (
    ANY_MODEL,
    MODELS,
    errors_of,
    expected_size,
    format_asked_for,
    images_asked_for,
)
from local.simulator.kie.orders import read_order
from tests.support.model_facts import FACTS, defaults, good_values, provider_of, smallest

V4 = "bytedance/seedream-v4-text-to-image"
V4_EDIT = "bytedance/seedream-v4-edit"
V45_EDIT = "seedream/4.5-edit"
URLS = ["https://example.com/a.png"]
V3 = "bytedance/seedream"
LITE = "seedream/5-lite-text-to-image"
PRO = "seedream/5-pro-text-to-image"
FLASH = "seedream/5-flash-text-to-image"
KIE = [model for model in FACTS if provider_of(model) == "kie"]
V45_INPUT = {"prompt": "x", "image_urls": URLS, "aspect_ratio": "1:1", "quality": "basic"}


@pytest.mark.parametrize(
    ("model", "given", "size"),
    [
        (V4, {}, (1024, 1024)),
        (V4, {"image_size": "square", "image_resolution": "2K"}, (2048, 2048)),
        (V4, {"image_size": "landscape_4_3", "image_resolution": "4K"}, (4096, 3072)),
        (V4_EDIT, {"image_size": "portrait_4_3", "image_resolution": "4K"}, (3072, 4096)),
        (V4_EDIT, {"image_size": "portrait_16_9"}, (576, 1024)),
        (V4, {"image_size": "landscape_3_2"}, (1024, 683)),
        (V4, {"image_size": "landscape_21_9", "image_resolution": "2K"}, (2048, 878)),
        (V45_EDIT, {"aspect_ratio": "1:1", "quality": "basic"}, (2048, 2048)),
        (V45_EDIT, {"aspect_ratio": "2:3", "quality": "high"}, (2731, 4096)),
        (V45_EDIT, {"aspect_ratio": "16:9", "quality": "high"}, (4096, 2304)),
        (V3, {}, (1024, 1024)),
        (V3, {"image_size": "landscape_16_9"}, (1024, 576)),
        (LITE, {"quality": "basic"}, (2048, 2048)),
        (LITE, {"quality": "high", "aspect_ratio": "4:3"}, (3072, 2304)),
        (LITE, {"quality": "ultra", "aspect_ratio": "9:16"}, (2304, 4096)),
        (PRO, {"quality": "basic"}, (1024, 1024)),
        (PRO, {"quality": "high", "aspect_ratio": "3:4"}, (1536, 2048)),
        (FLASH, {"aspect_ratio": "1:1"}, (1024, 1024)),
        (FLASH, {"size": "1.5K", "aspect_ratio": "16:9"}, (1536, 864)),
        (FLASH, {"size": "2K", "aspect_ratio": "21:9"}, (2048, 878)),
        ("google/nano-banana", {"aspect_ratio": "16:9", "quality": 7}, (1024, 1024)),
    ],
)
def test_the_scale_is_the_long_side(
    model: str, given: dict[str, Any], size: tuple[int, int]
) -> None:
    assert expected_size(model, given) == size


@pytest.mark.parametrize(
    ("model", "given"),
    [
        (V4, {"prompt": "x"}),
        (V4, {"prompt": "x" * 5000, "max_images": 6.0, "seed": -1, "nsfw_checker": True}),
        (V4_EDIT, {"prompt": "x", "image_urls": URLS * 10}),
        (V45_EDIT, V45_INPUT | {"image_urls": URLS * 14, "prompt": "x" * 3000}),
    ],
)
def test_values_that_the_page_allows_are_accepted(model: str, given: dict[str, Any]) -> None:
    assert errors_of(MODELS[model], given) == []


@pytest.mark.parametrize(
    ("model", "given", "field"),
    [
        (V4, {}, "prompt"),
        (V4, {"prompt": ""}, "prompt"),
        (V4, {"prompt": "x" * 5001}, "prompt"),
        (V4, {"prompt": "x", "image_size": "Square"}, "image_size"),
        (V4, {"prompt": "x", "image_resolution": "3K"}, "image_resolution"),
        (V4, {"prompt": "x", "max_images": 0}, "max_images"),
        (V4, {"prompt": "x", "max_images": 7}, "max_images"),
        (V4, {"prompt": "x", "max_images": 1.5}, "max_images"),
        (V4, {"prompt": "x", "max_images": float("nan")}, "max_images"),
        (V4, {"prompt": "x", "max_images": True}, "max_images"),
        (V4, {"prompt": "x", "seed": 1.0}, "seed"),
        (V4, {"prompt": "x", "nsfw_checker": 1}, "nsfw_checker"),
        (V4, {"prompt": "x", "image_urls": URLS}, "image_urls"),
        (V4_EDIT, {"prompt": "x"}, "image_urls"),
        (V4_EDIT, {"prompt": "x", "image_urls": []}, "image_urls"),
        (V4_EDIT, {"prompt": "x", "image_urls": URLS * 11}, "image_urls"),
        (V4_EDIT, {"prompt": "x", "image_urls": ["ftp://example.com/a"]}, "image_urls"),
        (V45_EDIT, V45_INPUT | {"prompt": "x" * 3001}, "prompt"),
        (V45_EDIT, V45_INPUT | {"image_urls": URLS * 15}, "image_urls"),
        (V45_EDIT, V45_INPUT | {"quality": "ultra"}, "quality"),
        (V45_EDIT, V45_INPUT | {"aspect_ratio": "5:4"}, "aspect_ratio"),
        (V45_EDIT, V45_INPUT | {"seed": 1}, "seed"),
        (V45_EDIT, {"prompt": "x", "image_urls": URLS, "aspect_ratio": "1:1"}, "quality"),
        (V3, {"prompt": "x", "guidance_scale": 0.99}, "guidance_scale"),
        (V3, {"prompt": "x", "guidance_scale": 10.01}, "guidance_scale"),
        (V3, {"prompt": "x", "guidance_scale": "2.5"}, "guidance_scale"),
        (V3, {"prompt": "x", "image_size": "portrait_3_2"}, "image_size"),
        (LITE, {"prompt": "xx", "aspect_ratio": "1:1", "quality": "ultra"}, "prompt"),
        (PRO, {"prompt": "xxx", "aspect_ratio": "1:1", "quality": "ultra"}, "quality"),
        (FLASH, {"prompt": "xxx", "aspect_ratio": "1:1", "quality": "basic"}, "quality"),
        (FLASH, {"prompt": "xxx", "aspect_ratio": "1:1", "size": "4K"}, "size"),
        (FLASH, {"prompt": "xxx", "aspect_ratio": "1:1", "output_format": "webp"}, "output_format"),
    ],
)
def test_a_wrong_field_is_named(model: str, given: dict[str, Any], field: str) -> None:
    (complaint,) = errors_of(MODELS[model], given)
    assert complaint.startswith(f"{field} ")


def test_one_image_is_made_by_default() -> None:
    assert [images_asked_for(V4, {}), images_asked_for(V4, {"max_images": 3.0})] == [1, 3]
    assert images_asked_for("google/nano-banana", {"max_images": "many"}) == 1


def test_the_models_are_those_of_the_facts() -> None:
    assert {model: set(row.fields) for model, row in MODELS.items()} == {
        model: set(FACTS[model]) for model in KIE
    }


@pytest.mark.parametrize("model", KIE)
def test_any_input_that_the_pages_allow_is_accepted(model: str) -> None:
    for name, fact in FACTS[model].items():
        for value in good_values(fact):
            given = defaults(model) | smallest(model) | {name: value}
            assert errors_of(MODELS[model], given) == []


def test_the_requested_format_is_used() -> None:
    assert format_asked_for(PRO, {"output_format": "jpeg"}) == "jpeg"
    assert [format_asked_for(model, {}) for model in (LITE, PRO)] == ["png", "png"]
    assert [format_asked_for(model, {}) for model in (V4, FLASH, "other")] == [None, None, None]
    assert format_asked_for("other", {"output_format": ["png"]}) is None


def an_order(**changes: Any) -> bytes:
    content = {"model": V4, "callBackUrl": "http://127.0.0.1:9/x", "input": {"prompt": "x"}}
    return json.dumps(content | changes).encode()


def test_an_order_is_priced_per_image() -> None:
    given = {"prompt": "x", "image_urls": URLS, "max_images": 3}
    assert read_order(an_order(model=V4_EDIT, input=given)).price == 10.5


@pytest.mark.parametrize(
    ("model", "given", "price"),
    [
        (V3, {"prompt": "x"}, 3.5),
        (LITE, {"prompt": "xxx", "aspect_ratio": "1:1", "quality": "ultra"}, 5.5),
        (PRO, {"prompt": "xxx", "aspect_ratio": "1:1", "quality": "basic"}, 7),
        (PRO, {"prompt": "xxx", "aspect_ratio": "1:1", "quality": "high"}, 14),
        (FLASH, {"prompt": "xxx", "aspect_ratio": "1:1"}, 3.24),
    ],
)
def test_a_model_has_its_price(model: str, given: dict[str, Any], price: float) -> None:
    assert read_order(an_order(model=model, input=given)).price == price


@pytest.mark.parametrize("given", [{}, {"prompt": 7}, {"image": ["x"], "max_images": None}])
def test_any_model_is_accepted_if_enabled(given: dict[str, Any]) -> None:
    raw = an_order(model="google/nano-banana", input=given)
    order = read_order(raw, any_model=True)
    assert (order.model, order.input, order.price) == ("google/nano-banana", given, 1)
    assert errors_of(ANY_MODEL, given) == []
    with pytest.raises(Refused):
        read_order(raw)


def test_a_known_model_is_always_checked() -> None:
    with pytest.raises(Refused):
        read_order(an_order(input={"prompt": ""}), any_model=True)
    with pytest.raises(Refused):
        read_order(an_order(model=""), any_model=True)


def test_a_repeated_order_is_recognized() -> None:
    assert read_order(an_order()).subject == "http://127.0.0.1:9/x"
    assert read_order(an_order(callBackUrl=None)).subject == "x"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", 400),
        (b"\xff", 400),
        (b"[]", 400),
        (an_order(model="seedream/9"), 422),
        (an_order(model=None), 422),
        (an_order(input=None), 422),
        (an_order(input={}), 422),
        (an_order(callBackUrl="example.com"), 422),
        (an_order(callBackUrl="http://127.0.0.1:x/"), 422),
        (an_order(callBackUrl="http://127.0.0.1/\n"), 422),
        (an_order(input={"prompt": "[simulate: no_calback]"}), 400),
    ],
)
def test_a_wrong_order_is_refused_with_the_documented_code(body: bytes, code: int) -> None:
    with pytest.raises(Refused) as refused:
        read_order(body)
    assert refused.value.code == code
