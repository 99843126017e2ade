"""Models, their prices, and what a job would cost."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class PricePerImage:
    where: Mapping[str, Any]
    credits_low: float
    credits_high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    per_image: tuple[PricePerImage, ...]
    credits_per_more_input_image: float
    noted_on: date
    source: str
    is_estimate: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """``input`` is JSON Schema."""

    id: str
    provider: str
    description: str
    documentation: str
    checked_on: date
    price: Price | None
    input: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    models: tuple[Model, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    credits_low: float
    credits_high: float
    images: int
    noted_on: date
    is_estimate: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """The input as it would be sent; ``estimate`` is None if no price is known."""

    dry_run: bool
    provider: str
    model: str
    input: Mapping[str, Any]
    input_checked: bool
    estimate: Estimate | None
