"""The simulated image models of Chanjing: their input and the size of their images."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

RATIOS: Final[Mapping[str, tuple[int, int]]] = {
    "1:1": (1, 1),
    "3:4": (3, 4),
    "4:3": (4, 3),
    "9:16": (9, 16),
    "16:9": (16, 9),
}
USUAL_CLARITY: Final = 2048
_COMMON: Final = frozenset(
    {"model_code", "creation_type", "ref_prompt", "aspect_ratio", "number_of_images", "callback"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """``references`` is the maximum number of reference images."""

    clarities: tuple[int, ...] = ()
    references: int = 0
    quality_modes: tuple[str, ...] = ()


MODELS: Final[Mapping[str, Model]] = {
    "doubao-seedream-4.0": Model(clarities=(1024, 2048, 4096), references=10),
    "doubao-seedream-4.5": Model(clarities=(2048, 4096), references=10),
    "doubao-seedream-3.0-t2i": Model(clarities=(1024, 2048, 4096)),
    "kling-v2": Model(clarities=(1024, 2048), references=1),
    "kling-v2-1": Model(clarities=(1024, 2048)),
    "wan2.2-t2i": Model(quality_modes=("std", "pro")),
}


def errors_of(given: Mapping[str, Any]) -> list[str]:
    """Return the errors of a body whose model is known; empty if it is valid."""
    model = MODELS[given["model_code"]]
    checks: dict[str, Callable[[Any], bool]] = {
        "creation_type": lambda value: type(value) is int and value == 3,
        "ref_prompt": lambda value: isinstance(value, str) and bool(value.strip()),
        "aspect_ratio": lambda value: isinstance(value, str) and value in RATIOS,
        "number_of_images": lambda value: type(value) is int and 1 <= value <= 4,
        "callback": lambda value: isinstance(value, str),
    }
    if model.clarities:
        checks["clarity"] = lambda value: type(value) is int and value in model.clarities
    if model.quality_modes:
        checks["quality_mode"] = lambda value: value in model.quality_modes
    if model.references:
        checks["ref_img_url"] = lambda value: _are_urls(value) and len(value) <= model.references
    missing = [name for name in ("creation_type", "ref_prompt") if name not in given]
    unknown = [name for name in given if name not in _COMMON | checks.keys()]
    wrong = [name for name, fits in checks.items() if name in given and not fits(given[name])]
    return [f"{name} 参数错误" for name in (*missing, *unknown, *wrong)]


def expected_size(given: Mapping[str, Any]) -> tuple[int, int]:
    """Return width and height in pixels: the long side is the clarity, the other by the ratio."""
    long_side = int(given.get("clarity", USUAL_CLARITY))
    wide, high = RATIOS[given.get("aspect_ratio", "1:1")]
    if wide >= high:
        return long_side, round(long_side * high / wide)
    return round(long_side * wide / high), long_side


def _are_urls(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(url, str) and url.startswith(("https://", "http://")) for url in value
    )
