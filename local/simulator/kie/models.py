"""The models of kie.ai that are simulated: their input, their price, their pixels."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from local.simulator.kie.fields import Check, boolean, integer, one_of, text, urls, whole

# A ratio is (wide, high). "portrait_4_3" is 3 wide and 4 high. How `square` differs from
# `square_hd` is not documented: here it does not.
IMAGE_SIZES: Final[Mapping[str, tuple[int, int]]] = {
    "square": (1, 1),
    "square_hd": (1, 1),
    "portrait_4_3": (3, 4),
    "portrait_3_2": (2, 3),
    "portrait_16_9": (9, 16),
    "landscape_4_3": (4, 3),
    "landscape_3_2": (3, 2),
    "landscape_16_9": (16, 9),
    "landscape_21_9": (21, 9),
}
ASPECT_RATIOS: Final[Mapping[str, tuple[int, int]]] = {
    "1:1": (1, 1),
    "4:3": (4, 3),
    "3:4": (3, 4),
    "16:9": (16, 9),
    "9:16": (9, 16),
    "2:3": (2, 3),
    "3:2": (3, 2),
    "21:9": (21, 9),
}
LONG_SIDES: Final[Mapping[str, int]] = {"1K": 1024, "2K": 2048, "4K": 4096}
QUALITIES_4_5: Final[Mapping[str, int]] = {"basic": 2048, "high": 4096}


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """``long_side`` and ``ratio`` read an input that has passed its checks."""

    credits_per_image: float
    required: frozenset[str]
    fields: Mapping[str, Check]
    long_side: Callable[[Mapping[str, Any]], int]
    ratio: Callable[[Mapping[str, Any]], tuple[int, int]]


def _v4_long_side(given: Mapping[str, Any]) -> int:
    return LONG_SIDES[given.get("image_resolution", "1K")]


def _v4_ratio(given: Mapping[str, Any]) -> tuple[int, int]:
    return IMAGE_SIZES[given.get("image_size", "square_hd")]


def _v45_long_side(given: Mapping[str, Any]) -> int:
    return QUALITIES_4_5[given["quality"]]


def _v45_ratio(given: Mapping[str, Any]) -> tuple[int, int]:
    return ASPECT_RATIOS[given["aspect_ratio"]]


_V4_FIELDS: Final[Mapping[str, Check]] = {
    "prompt": text(shortest=1, longest=5000),
    "image_size": one_of(*IMAGE_SIZES),
    "image_resolution": one_of(*LONG_SIDES),
    "max_images": whole(least=1, most=6),
    "seed": integer,
    "nsfw_checker": boolean,
}

MODELS: Final[Mapping[str, Model]] = {
    "bytedance/seedream-v4-text-to-image": Model(
        credits_per_image=5,
        required=frozenset({"prompt"}),
        fields=_V4_FIELDS,
        long_side=_v4_long_side,
        ratio=_v4_ratio,
    ),
    "bytedance/seedream-v4-edit": Model(
        credits_per_image=3.5,
        required=frozenset({"prompt", "image_urls"}),
        fields={**_V4_FIELDS, "image_urls": urls(most=10)},
        long_side=_v4_long_side,
        ratio=_v4_ratio,
    ),
    "seedream/4.5-edit": Model(
        credits_per_image=6.5,
        required=frozenset({"prompt", "image_urls", "aspect_ratio", "quality"}),
        fields={
            "prompt": text(shortest=1, longest=3000),
            "image_urls": urls(most=14),
            "aspect_ratio": one_of(*ASPECT_RATIOS),
            "quality": one_of(*QUALITIES_4_5),
            "nsfw_checker": boolean,
        },
        long_side=_v45_long_side,
        ratio=_v45_ratio,
    ),
}


def complaints(model: Model, given: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with an input; nothing if it is fine."""
    missing = [f"{name} is required" for name in sorted(model.required - given.keys())]
    unknown = [f"{name} is not a field of this model" for name in given if name not in model.fields]
    checked = ((name, check(given[name])) for name, check in model.fields.items() if name in given)
    return missing + unknown + [f"{name} {wrong}" for name, wrong in checked if wrong]


def images_asked_for(given: Mapping[str, Any]) -> int:
    return int(given.get("max_images", 1))


def expected_size(model: str, given: Mapping[str, Any]) -> tuple[int, int]:
    """Return width and height of every image a valid input of ``model`` gives.

    The long side is what the scale names, the ratio decides the other: 4:3 at 4K is 4096 x 3072.
    """
    row = MODELS[model]
    long_side, (wide, high) = row.long_side(given), row.ratio(given)
    if wide >= high:
        return long_side, round(long_side * high / wide)
    return round(long_side * wide / high), long_side
