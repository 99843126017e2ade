"""Known prices per image, and estimates from them. A model that is not listed has none."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any, Final

from ringback.domain.estimates import Estimate
from ringback.domain.jobs import JobRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """Credits for one image whose input has the values ``where``."""

    low: Decimal
    high: Decimal
    where: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceNote:
    """The prices of a model in ``source`` on a day; at most one of ``per_image`` fits an input.

    ``more_inputs`` is added once for each input image after the first.
    """

    per_image: tuple[Price, ...]
    noted_on: date
    source: str
    more_inputs: Decimal = Decimal(0)


def _credits(low: str, high: str | None = None, **where: Any) -> Price:
    return Price(low=Decimal(low), high=Decimal(high or low), where=where)


# The provider's own model pages, which the catalogue is from, state no prices.
_noted = partial(PriceNote, noted_on=date(2026, 8, 19), source="price table of a kie.ai integrator")
_newer = partial(_noted, noted_on=date(2026, 11, 26))
_V4_5: Final = _newer(per_image=(_credits("6.5"),))
_V5_LITE: Final = _noted(per_image=(_credits("5", "5.5"),))
_V5_PRO: Final = _newer(
    per_image=(_credits("7", quality="basic"), _credits("14", quality="high")),
    more_inputs=Decimal("0.5"),
)
_V5_FLASH: Final = _newer(per_image=(_credits("3.24"),))

Prices = Mapping[str, PriceNote]

PRICES: Final[Prices] = {
    "bytedance/seedream": _noted(per_image=(_credits("3.5"),)),
    "bytedance/seedream-v4-text-to-image": _noted(per_image=(_credits("5"),)),
    "bytedance/seedream-v4-edit": _noted(per_image=(_credits("3.5"),)),
    "seedream/4.5-text-to-image": _V4_5,
    "seedream/4.5-edit": _V4_5,
    "seedream/5-lite-text-to-image": _V5_LITE,
    "seedream/5-lite-image-to-image": _V5_LITE,
    "seedream/5-pro-text-to-image": _V5_PRO,
    "seedream/5-pro-image-to-image": _V5_PRO,
    "seedream/5-flash-text-to-image": _V5_FLASH,
    "seedream/5-flash-image-to-image": _V5_FLASH,
}

_HOW_MANY: Final = ("max_images", "number_of_images")
_INPUT_IMAGES: Final = "image_urls"


def estimate(request: JobRequest, *, prices: Prices = PRICES) -> Estimate | None:
    """Return what the requested images will probably cost, ``None`` if no price is known.

    The requested number is a maximum for some models and a hint for others, so that a job may make
    more or fewer images.
    """
    note = prices.get(request.model)
    fitting = [price for price in note.per_image if _fits(price, request)] if note else []
    if not (note and fitting):
        return None
    images = next((request.input[name] for name in _HOW_MANY if name in request.input), 1)
    more = note.more_inputs * max(0, len(request.input.get(_INPUT_IMAGES, ())) - 1)
    return Estimate(
        images=images,
        low=images * fitting[0].low + more,
        high=images * fitting[0].high + more,
        noted_on=note.noted_on,
    )


def _fits(price: Price, request: JobRequest) -> bool:
    return all(request.input.get(name) == value for name, value in price.where.items())
