"""What the provider's pages say of each model's input, written down apart from the code.

Read on 2026-08-19 from the pages that the catalogue's classes name. ``REQUIRED`` stands for a
field without a default that a caller must give, ``NONE`` for one that is left out if not given.
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
class Switch:
    default: Any = NONE


@dataclass(frozen=True)
class Urls:
    most: int
    least: int = 1
    default: Any = REQUIRED


Fact = Text | Choice | Whole | Switch | Urls

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

_V4: Final[dict[str, Fact]] = {
    "prompt": Text(5000),
    "image_size": Choice(IMAGE_SIZES, "square_hd"),
    "image_resolution": Choice(("1K", "2K", "4K"), "1K"),
    "max_images": Whole(1, 6, 1),
    # The page gives no range; 64 bits are ours.
    "seed": Whole(-(2**63), 2**63 - 1, NONE),
    "nsfw_checker": Switch(),
}

FACTS: Final[dict[str, dict[str, Fact]]] = {
    "bytedance/seedream-v4-text-to-image": _V4,
    "bytedance/seedream-v4-edit": _V4 | {"image_urls": Urls(10)},
    "seedream/4.5-edit": {
        "prompt": Text(3000),
        "image_urls": Urls(14),
        "aspect_ratio": Choice(ASPECT_RATIOS, "1:1"),
        "quality": Choice(("basic", "high"), "basic"),
        "nsfw_checker": Switch(),
    },
}

A_URL: Final = "https://pictures.example/a%20cat.png?size=2"


def good_values(fact: Fact) -> list[Any]:
    """Return values at the limits, and within."""
    match fact:
        case Text():
            return ["x" * fact.shortest, "x" * fact.longest, "\N{SNOWMAN}" * fact.longest]
        case Choice():
            return list(fact.values)
        case Whole():
            return [fact.least, (fact.least + fact.most) // 2, fact.most]
        case Switch():
            return [True, False]
        case Urls():
            return [[A_URL] * fact.least, [A_URL] * fact.most]


def bad_values(fact: Fact) -> list[Any]:
    """Return values past the limits, and of the wrong type."""
    match fact:
        case Text():
            return ["x" * (fact.shortest - 1), "x" * (fact.longest + 1), 7, True, ["x"], {"x": "x"}]
        case Choice():
            changed = [value.swapcase() for value in fact.values]
            spaced = [f" {value}" for value in fact.values]
            cases = [text for text in changed if text not in fact.values]
            return [*cases, *spaced, "", "auto", 1, True, list(fact.values)]
        case Whole():
            whole_float = float(1 if fact.least <= 1 else fact.least)
            wrong_type = [str(fact.most), whole_float, 1.5, True, False, [1], "", {}]
            return [fact.least - 1, fact.most + 1, 10**30, -(10**30), *wrong_type]
        case Switch():
            return [0, 1, "true", "false", "", 1.0, [True]]
        case Urls():
            return [
                [A_URL] * (fact.least - 1),
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
    """Return an input that has what is required and nothing else."""
    facts = FACTS[model].items()
    return {name: good_values(fact)[0] for name, fact in facts if fact.default is REQUIRED}


def defaults(model: str) -> dict[str, Any]:
    return {
        name: fact.default
        for name, fact in FACTS[model].items()
        if fact.default is not REQUIRED and fact.default is not NONE
    }
