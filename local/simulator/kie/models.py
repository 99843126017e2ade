"""The simulated models of kie.ai: input, price and the size of the images."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from local.simulator.kie.fields import (
    Check,
    boolean,
    integer,
    number,
    one_of,
    text,
    urls,
    whole,
)

# A ratio is (width, height). "portrait_4_3" is 3 wide and 4 high. The difference between `square`
# and `square_hd` is not documented: here there is none.
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
SIZES_3_0: Final = (
    *("square", "square_hd", "portrait_4_3", "portrait_16_9", "landscape_4_3", "landscape_16_9"),
)
# The long side of an image in pixels, by the value of the field that sets it.
LONG_SIDES_4_0: Final[Mapping[str, int]] = {"1K": 1024, "2K": 2048, "4K": 4096}
QUALITIES_4_5: Final[Mapping[str, int]] = {"basic": 2048, "high": 4096}
QUALITIES_LITE: Final[Mapping[str, int]] = {"basic": 2048, "high": 3072, "ultra": 4096}
QUALITIES_PRO: Final[Mapping[str, int]] = {"basic": 1024, "high": 2048}
SIZES_FLASH: Final[Mapping[str, int]] = {"1K": 1024, "1.5K": 1536, "2K": 2048}
FORMATS: Final = ("png", "jpeg")
_ALWAYS: Final = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """A field whose value is a key of ``table``, and the ``default`` key if it is omitted."""

    field: str
    default: str
    table: Mapping[str, Any]

    def of(self, given: Mapping[str, Any]) -> Any:
        return self.table[given.get(self.field, self.default)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """``long_side`` and ``ratio`` expect an input that has passed its checks.

    ``dearer`` has the price if it depends on the input; ``more_inputs`` is added for each input
    image after the first. An ``is_open`` model accepts any field.
    """

    credits_per_image: float
    required: frozenset[str]
    fields: Mapping[str, Check]
    long_side: Scale | None = None
    ratio: Scale | None = None
    default_format: str | None = None
    dearer: Scale | None = None
    more_inputs: float = 0
    is_open: bool = False


_BY_SIZE: Final = Scale(field="image_size", default="square_hd", table=IMAGE_SIZES)
_BY_RATIO: Final = Scale(field="aspect_ratio", default="1:1", table=ASPECT_RATIOS)

_3_0: Final = Model(
    credits_per_image=3.5,
    required=frozenset({"prompt"}),
    fields={
        "prompt": text(shortest=1, longest=5000),
        "image_size": one_of(*SIZES_3_0),
        "guidance_scale": number(least=1, most=10),
        "seed": integer,
    },
    ratio=_BY_SIZE,
)
_4_0: Final = Model(
    credits_per_image=5,
    required=frozenset({"prompt"}),
    fields={
        "prompt": text(shortest=1, longest=5000),
        "image_size": one_of(*IMAGE_SIZES),
        "image_resolution": one_of(*LONG_SIDES_4_0),
        "max_images": whole(least=1, most=6),
        "seed": integer,
        "nsfw_checker": boolean,
    },
    long_side=Scale(field="image_resolution", default="1K", table=LONG_SIDES_4_0),
    ratio=_BY_SIZE,
)
_4_5: Final = Model(
    credits_per_image=6.5,
    required=frozenset({"prompt", "aspect_ratio", "quality"}),
    fields={
        "prompt": text(shortest=1, longest=3000),
        "aspect_ratio": one_of(*ASPECT_RATIOS),
        "quality": one_of(*QUALITIES_4_5),
        "nsfw_checker": boolean,
    },
    long_side=Scale(field="quality", default="basic", table=QUALITIES_4_5),
    ratio=_BY_RATIO,
)
_LITE: Final = Model(
    credits_per_image=5.5,
    required=frozenset({"prompt", "aspect_ratio", "quality"}),
    fields={
        "prompt": text(shortest=3, longest=3000),
        "aspect_ratio": one_of(*ASPECT_RATIOS),
        "quality": one_of(*QUALITIES_LITE),
        "output_format": one_of(*FORMATS),
        "nsfw_checker": boolean,
    },
    long_side=Scale(field="quality", default="basic", table=QUALITIES_LITE),
    ratio=_BY_RATIO,
    default_format="png",
)
_PRO: Final = Model(
    credits_per_image=7,
    required=frozenset({"prompt", "aspect_ratio", "quality"}),
    fields={
        "prompt": text(shortest=3, longest=5000),
        "aspect_ratio": one_of(*ASPECT_RATIOS),
        "quality": one_of(*QUALITIES_PRO),
        "output_format": one_of(*FORMATS),
        "nsfw_checker": boolean,
    },
    long_side=Scale(field="quality", default="basic", table=QUALITIES_PRO),
    ratio=_BY_RATIO,
    default_format="png",
    dearer=Scale(field="quality", default="basic", table={"basic": 7, "high": 14}),
    more_inputs=0.5,
)
_FLASH: Final = Model(
    credits_per_image=3.24,
    required=frozenset({"prompt", "aspect_ratio"}),
    fields={
        "prompt": text(shortest=3, longest=5000),
        "aspect_ratio": one_of(*ASPECT_RATIOS),
        "size": one_of(*SIZES_FLASH),
        "output_format": one_of(*FORMATS),
        "nsfw_checker": boolean,
    },
    long_side=Scale(field="size", default="1K", table=SIZES_FLASH),
    ratio=_BY_RATIO,
)


def _with_images(model: Model, *, most: int, credits_per_image: float | None = None) -> Model:
    return replace(
        model,
        credits_per_image=credits_per_image or model.credits_per_image,
        required=model.required | {"image_urls"},
        fields={**model.fields, "image_urls": urls(most=most)},
    )


MODELS: Final[Mapping[str, Model]] = {
    "bytedance/seedream": _3_0,
    "bytedance/seedream-v4-text-to-image": _4_0,
    "bytedance/seedream-v4-edit": _with_images(_4_0, most=10, credits_per_image=3.5),
    "seedream/4.5-text-to-image": _4_5,
    "seedream/4.5-edit": _with_images(_4_5, most=14),
    "seedream/5-lite-text-to-image": _LITE,
    "seedream/5-lite-image-to-image": _with_images(_LITE, most=14),
    "seedream/5-pro-text-to-image": _PRO,
    "seedream/5-pro-image-to-image": _with_images(_PRO, most=10),
    "seedream/5-flash-text-to-image": _FLASH,
    "seedream/5-flash-image-to-image": _with_images(_FLASH, most=10),
}
# Any other model, if the simulator is started with --kie-any-model.
ANY_MODEL: Final = Model(credits_per_image=1, required=frozenset(), fields={}, is_open=True)


def errors_of(model: Model, given: Mapping[str, Any]) -> list[str]:
    """Return the errors of an input; empty if it is valid."""
    missing = [f"{name} is required" for name in sorted(model.required - given.keys())]
    strange = [] if model.is_open else [name for name in given if name not in model.fields]
    unknown = [f"{name} is not a field of this model" for name in strange]
    checked = ((name, check(given[name])) for name, check in model.fields.items() if name in given)
    return missing + unknown + [f"{name} {wrong}" for name, wrong in checked if wrong]


def price_of(model: str, given: Mapping[str, Any]) -> float:
    row = MODELS.get(model, ANY_MODEL)
    each = row.dearer.of(given) if row.dearer else row.credits_per_image
    more = row.more_inputs * max(0, len(given.get("image_urls", ())) - 1) if row.more_inputs else 0
    return round(each * images_asked_for(model, given) + more, 4)


def images_asked_for(model: str, given: Mapping[str, Any]) -> int:
    """Return how many images; one for an input that was not checked."""
    return int(given.get("max_images", 1)) if model in MODELS else 1


def format_asked_for(model: str, given: Mapping[str, Any]) -> str | None:
    row = MODELS.get(model, ANY_MODEL)
    return row.default_format if row.is_open else given.get("output_format", row.default_format)


def expected_size(model: str, given: Mapping[str, Any]) -> tuple[int, int]:
    """Return width and height in pixels of every image of a valid input.

    The scale sets the long side and the ratio the other: 4:3 at 4K is 4096 x 3072.
    """
    row = MODELS.get(model, ANY_MODEL)
    long_side = row.long_side.of(given) if row.long_side else _ALWAYS
    wide, high = row.ratio.of(given) if row.ratio else (1, 1)
    if wide >= high:
        return long_side, round(long_side * high / wide)
    return round(long_side * wide / high), long_side
