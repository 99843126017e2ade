"""Each model's input as the provider documents it, written down independently of the code.

``REQUIRED`` marks a field that a caller must give, ``NONE`` one without a default, which is left
out if it is not given.
"""

from dataclasses import dataclass
from typing import Any, Final

REQUIRED: Final = object()
NONE: Final = object()


@dataclass(frozen=True)
class Text:
    longest: int
    shortest: int = 1
    default: Any = REQUIRED


@dataclass(frozen=True)
class Choice:
    values: tuple[str, ...]
    default: Any


@dataclass(frozen=True)
class Whole:
    least: int
    most: int
    default: Any


@dataclass(frozen=True)
class WholeChoice:
    values: tuple[int, ...]
    default: Any


@dataclass(frozen=True)
class Number:
    least: float
    most: float
    default: Any


@dataclass(frozen=True)
class Switch:
    default: Any = NONE


@dataclass(frozen=True)
class Urls:
    most: int
    least: int = 1
    default: Any = REQUIRED


Fact = Text | Choice | WholeChoice | Whole | Number | Switch | Urls

IMAGE_SIZES: Final = (
    "square",
    "square_hd",
    "portrait_4_3",
    "portrait_3_2",
    "portrait_16_9",
    "landscape_4_3",
    "landscape_3_2",
    "landscape_16_9",
    "landscape_21_9",
)
ASPECT_RATIOS: Final = ("1:1", "4:3", "3:4", "16:9", "9:16", "2:3", "3:2", "21:9")

# No range is documented; 64 bits is our own limit.
_SEED: Final = Whole(-(2**63), 2**63 - 1, NONE)

_V4: Final[dict[str, Fact]] = {
    "prompt": Text(5000),
    "image_size": Choice(IMAGE_SIZES, "square_hd"),
    "image_resolution": Choice(("1K", "2K", "4K"), "1K"),
    "max_images": Whole(1, 6, 1),
    "seed": _SEED,
    "nsfw_checker": Switch(),
}
_V45: Final[dict[str, Fact]] = {
    "prompt": Text(3000),
    "aspect_ratio": Choice(ASPECT_RATIOS, "1:1"),
    "quality": Choice(("basic", "high"), "basic"),
    "nsfw_checker": Switch(),
}
_LITE: Final[dict[str, Fact]] = {
    "prompt": Text(3000, shortest=3),
    "aspect_ratio": Choice(ASPECT_RATIOS, "1:1"),
    "quality": Choice(("basic", "high", "ultra"), "basic"),
    "output_format": Choice(("png", "jpeg"), "png"),
    "nsfw_checker": Switch(),
}
_PRO: Final[dict[str, Fact]] = {
    "prompt": Text(5000, shortest=3),
    "aspect_ratio": Choice(ASPECT_RATIOS, "1:1"),
    "quality": Choice(("basic", "high"), "basic"),
    "output_format": Choice(("png", "jpeg"), "png"),
    "nsfw_checker": Switch(),
}
_FLASH: Final[dict[str, Fact]] = {
    "prompt": Text(5000, shortest=3),
    "aspect_ratio": Choice(ASPECT_RATIOS, "1:1"),
    "size": Choice(("1K", "1.5K", "2K"), "1K"),
    # No default is documented for flash.
    "output_format": Choice(("png", "jpeg"), NONE),
    "nsfw_checker": Switch(),
}
# The lengths of prompts and lists are our own limits; one image is documented.
_CHANJING: Final[dict[str, Fact]] = {
    "ref_prompt": Text(5000),
    "aspect_ratio": Choice(("1:1", "3:4", "4:3", "9:16", "16:9"), "1:1"),
    "number_of_images": Whole(1, 4, 1),
}

FACTS: Final[dict[str, dict[str, Fact]]] = {
    "bytedance/seedream": {
        "prompt": Text(5000),
        "image_size": Choice(
            (
                "square",
                "square_hd",
                "portrait_4_3",
                "portrait_16_9",
                "landscape_4_3",
                "landscape_16_9",
            ),
            "square_hd",
        ),
        "guidance_scale": Number(1.0, 10.0, 2.5),
        "seed": _SEED,
    },
    "bytedance/seedream-v4-text-to-image": _V4,
    "bytedance/seedream-v4-edit": _V4 | {"image_urls": Urls(10)},
    "seedream/4.5-text-to-image": _V45,
    "seedream/4.5-edit": _V45 | {"image_urls": Urls(14)},
    "seedream/5-lite-text-to-image": _LITE,
    "seedream/5-lite-image-to-image": _LITE | {"image_urls": Urls(14)},
    "seedream/5-pro-text-to-image": _PRO,
    "seedream/5-pro-image-to-image": _PRO | {"image_urls": Urls(10)},
    "seedream/5-flash-text-to-image": _FLASH,
    "seedream/5-flash-image-to-image": _FLASH | {"image_urls": Urls(10)},
    "chanjing/doubao-seedream-4.0": _CHANJING
    | {
        "clarity": WholeChoice((1024, 2048, 4096), 2048),
        "ref_img_url": Urls(10, default=NONE),
    },
    "chanjing/doubao-seedream-4.5": _CHANJING
    | {"clarity": WholeChoice((2048, 4096), 2048), "ref_img_url": Urls(10, default=NONE)},
    "chanjing/doubao-seedream-3.0-t2i": _CHANJING
    | {"clarity": WholeChoice((1024, 2048, 4096), 2048)},
    "chanjing/kling-v2": _CHANJING
    | {"clarity": WholeChoice((1024, 2048), 2048), "ref_img_url": Urls(1, default=NONE)},
    "chanjing/kling-v2-1": _CHANJING | {"clarity": WholeChoice((1024, 2048), 1024)},
    "chanjing/wan2.2-t2i": _CHANJING | {"quality_mode": Choice(("std", "pro"), "std")},
}
FILLED_IN: Final = {"creation_type", "model_code"}


def provider_of(model: str) -> str:
    return "chanjing" if model.startswith("chanjing/") else "kie"


A_URL: Final = "https://pictures.example/a%20cat.png?size=2"


def good_values(fact: Fact) -> list[Any]:
    """Return values at and within the limits."""
    match fact:
        case Text():
            return ["x" * fact.shortest, "x" * fact.longest, "\N{SNOWMAN}" * fact.longest]
        case Choice():
            return list(fact.values)
        case WholeChoice():
            return list(fact.values)
        case Number():
            return [fact.least, (fact.least + fact.most) / 2 + 0.125, fact.most]
        case Whole():
            return [fact.least, (fact.least + fact.most) // 2, fact.most]
        case Switch():
            return [True, False]
        case Urls():
            return [[A_URL] * fact.least, [A_URL] * fact.most]


def bad_values(fact: Fact) -> list[Any]:
    """Return values beyond the limits, and values of the wrong type."""
    match fact:
        case Text():
            return ["x" * (fact.shortest - 1), "x" * (fact.longest + 1), 7, True, ["x"], {"x": "x"}]
        case Choice():
            changed = [value.swapcase() for value in fact.values]
            spaced = [f" {value}" for value in fact.values]
            cases = [text for text in changed if text not in fact.values]
            return [*cases, *spaced, "", "auto", 1, True, list(fact.values)]
        case WholeChoice():
            near = [value + step for value in fact.values for step in (-1, 1)]
            wrong_type = [str(fact.values[0]), True, list(fact.values), "", fact.values[0] + 0.5]
            return [*near, 0, -fact.values[0], 2 * fact.values[-1], *wrong_type]
        case Number():
            past = [fact.least - 0.01, fact.most + 0.01, 0, -fact.most, 1e300]
            return [*past, str(fact.most), True, False, [fact.least], "", {}]
        case Whole():
            wrong_type = [str(fact.most), 1.5, True, False, [1], "", {}]
            return [fact.least - 1, fact.most + 1, 10**30, -(10**30), *wrong_type]
        case Switch():
            return [0, 1, "true", "false", "", 1.0, [True]]
        case Urls():
            # Without references, an empty list says what is sent anyway.
            too_few = [[A_URL] * (fact.least - 1)] if fact.default is REQUIRED else []
            return [
                *too_few,
                [A_URL] * (fact.most + 1),
                A_URL,
                {"0": A_URL},
                [A_URL, 7],
                [A_URL, None],
                [[A_URL]],
                [A_URL, ""],
                True,
            ]


def smallest(model: str) -> dict[str, Any]:
    """Return an input with the required fields only."""
    facts = FACTS[model].items()
    return {name: good_values(fact)[0] for name, fact in facts if fact.default is REQUIRED}


def defaults(model: str) -> dict[str, Any]:
    return {
        name: fact.default
        for name, fact in FACTS[model].items()
        if fact.default is not REQUIRED and fact.default is not NONE
    }
