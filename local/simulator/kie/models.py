"""The models of kie.ai that are simulated: their input, their price, their pixels."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from local.simulator.kie.fields import (
    Check,
    between,
    boolean,
    integer,
    one_of,
    text,
    urls,
    whole,
)

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
SIZES_3: Final = (
    "square",
    "square_hd",
    "portrait_4_3",
    "portrait_16_9",
    "landscape_4_3",
    "landscape_16_9",
)
LONG_SIDES: Final[Mapping[str, int]] = {"1K": 1024, "2K": 2048, "4K": 4096}
QUALITIES_4_5: Final[Mapping[str, int]] = {"basic": 2048, "high": 4096}
QUALITIES_5_LITE: Final[Mapping[str, int]] = {"basic": 2048, "high": 3072, "ultra": 4096}
QUALITIES_5_PRO: Final[Mapping[str, int]] = {"basic": 1024, "high": 2048}
SIZES_5_FLASH: Final[Mapping[str, int]] = {"1K": 1024, "1.5K": 1536, "2K": 2048}


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


def _size_named_by(field: str, sides: Mapping[str, int]) -> Callable[[Mapping[str, Any]], int]:
    """Return what reads the long side from ``field``; the first of ``sides`` is the usual one."""
    return lambda given: sides[given.get(field, next(iter(sides)))]


def _aspect_ratio(given: Mapping[str, Any]) -> tuple[int, int]:
    return ASPECT_RATIOS[given["aspect_ratio"]]


def _with_images(model: Model, *, most: int, credits_per_image: float) -> Model:
    return replace(
        model,
        credits_per_image=credits_per_image,
        required=model.required | {"image_urls"},
        fields={**model.fields, "image_urls": urls(most=most)},
    )


_V4_FIELDS: Final[Mapping[str, Check]] = {
    "prompt": text(shortest=1, longest=5000),
    "image_size": one_of(*IMAGE_SIZES),
    "image_resolution": one_of(*LONG_SIDES),
    "max_images": whole(least=1, most=6),
    "seed": integer,
    "nsfw_checker": boolean,
}

_V4: Final = Model(
    credits_per_image=5,
    required=frozenset({"prompt"}),
    fields=_V4_FIELDS,
    long_side=_v4_long_side,
    ratio=_v4_ratio,
)
_V4_5: Final = Model(
    credits_per_image=6.5,
    required=frozenset({"prompt", "aspect_ratio", "quality"}),
    fields={
        "prompt": text(shortest=1, longest=3000),
        "aspect_ratio": one_of(*ASPECT_RATIOS),
        "quality": one_of(*QUALITIES_4_5),
        "nsfw_checker": boolean,
    },
    long_side=_size_named_by("quality", QUALITIES_4_5),
    ratio=_aspect_ratio,
)
_V5_LITE: Final = replace(
    _V4_5,
    credits_per_image=5.5,
    fields={
        "prompt": text(shortest=3, longest=3000),
        "aspect_ratio": one_of(*ASPECT_RATIOS),
        "quality": one_of(*QUALITIES_5_LITE),
        "output_format": one_of("png", "jpeg"),
        "nsfw_checker": boolean,
    },
    long_side=_size_named_by("quality", QUALITIES_5_LITE),
)
_V5_PRO: Final = replace(
    _V5_LITE,
    credits_per_image=7,
    fields={
        **_V5_LITE.fields,
        "prompt": text(shortest=3, longest=5000),
        "quality": one_of(*QUALITIES_5_PRO),
    },
    long_side=_size_named_by("quality", QUALITIES_5_PRO),
)
_V5_FLASH: Final = replace(
    _V5_LITE,
    credits_per_image=3.24,
    required=frozenset({"prompt", "aspect_ratio"}),
    fields={
        "prompt": text(shortest=3, longest=5000),
        "aspect_ratio": one_of(*ASPECT_RATIOS),
        "size": one_of(*SIZES_5_FLASH),
        "output_format": one_of("png", "jpeg"),
        "nsfw_checker": boolean,
    },
    long_side=_size_named_by("size", SIZES_5_FLASH),
)

MODELS: Final[Mapping[str, Model]] = {
    "bytedance/seedream": Model(
        credits_per_image=3.5,
        required=frozenset({"prompt"}),
        fields={
            "prompt": text(shortest=1, longest=5000),
            "image_size": one_of(*SIZES_3),
            "guidance_scale": between(1, 10),
            "seed": integer,
        },
        long_side=lambda _: 1024,
        ratio=_v4_ratio,
    ),
    "bytedance/seedream-v4-text-to-image": _V4,
    "bytedance/seedream-v4-edit": _with_images(_V4, most=10, credits_per_image=3.5),
    "seedream/4.5-text-to-image": _V4_5,
    "seedream/4.5-edit": _with_images(_V4_5, most=14, credits_per_image=6.5),
    "seedream/5-lite-text-to-image": _V5_LITE,
    "seedream/5-lite-image-to-image": _with_images(_V5_LITE, most=14, credits_per_image=5.5),
    "seedream/5-pro-text-to-image": _V5_PRO,
    "seedream/5-pro-image-to-image": _with_images(_V5_PRO, most=10, credits_per_image=7),
    "seedream/5-flash-text-to-image": _V5_FLASH,
    "seedream/5-flash-image-to-image": _with_images(_V5_FLASH, most=10, credits_per_image=3.24),
}
# What stands in for any other model of the marketplace, if it is to be taken.
ANY_MODEL: Final = Model(
    credits_per_image=1,
    required=frozenset(),
    fields={},
    long_side=lambda _: 1024,
    ratio=lambda _: (1, 1),
)


def complaints(model: Model, given: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with an input; nothing if it is fine."""
    missing = [f"{name} is required" for name in sorted(model.required - given.keys())]
    unknown = [f"{name} is not a field of this model" for name in given if name not in model.fields]
    checked = ((name, check(given[name])) for name, check in model.fields.items() if name in given)
    return missing + unknown + [f"{name} {wrong}" for name, wrong in checked if wrong]


def images_asked_for(given: Mapping[str, Any]) -> int:
    return int(given.get("max_images", 1))


def told_kind(given: Mapping[str, Any]) -> str | None:
    """Return the kind of file that an input asks for, ``None`` if it leaves that open."""
    kind = given.get("output_format")
    return kind if isinstance(kind, str) else None


def expected_size(model: str, given: Mapping[str, Any]) -> tuple[int, int]:
    """Return width and height of every image a valid input of ``model`` gives.

    The long side is what the scale names, the ratio decides the other: 4:3 at 4K is 4096 x 3072.
    """
    row = MODELS.get(model, ANY_MODEL)
    long_side, (wide, high) = row.long_side(given), row.ratio(given)
    if wide >= high:
        return long_side, round(long_side * high / wide)
    return round(long_side * wide / high), long_side
