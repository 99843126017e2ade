"""The catalogue: all models that a job can use, by id."""

import re
from collections.abc import Mapping
from typing import Final

from ringback.catalogue.chanjing_kling import ChanjingKlingV2, ChanjingKlingV21
from ringback.catalogue.chanjing_seedream import (
    ChanjingSeedreamV3,
    ChanjingSeedreamV4,
    ChanjingSeedreamV45,
)
from ringback.catalogue.chanjing_wan import ChanjingWanV22
from ringback.catalogue.model_input import ModelInput
from ringback.catalogue.seedream_v3 import SeedreamV3
from ringback.catalogue.seedream_v4 import SeedreamV4Edit, SeedreamV4TextToImage
from ringback.catalogue.seedream_v4_5 import SeedreamV45Edit, SeedreamV45TextToImage
from ringback.catalogue.seedream_v5 import (
    SeedreamV5FlashImageToImage,
    SeedreamV5FlashTextToImage,
    SeedreamV5LiteImageToImage,
    SeedreamV5LiteTextToImage,
    SeedreamV5ProImageToImage,
    SeedreamV5ProTextToImage,
)
from ringback.domain.suggestions import close_to, did_you_mean, plain

Models = Mapping[str, type[ModelInput]]

MODELS: Final[Models] = {
    model.model_id: model
    for model in (
        SeedreamV3,
        SeedreamV4Edit,
        SeedreamV4TextToImage,
        SeedreamV45Edit,
        SeedreamV45TextToImage,
        SeedreamV5LiteTextToImage,
        SeedreamV5LiteImageToImage,
        SeedreamV5ProTextToImage,
        SeedreamV5ProImageToImage,
        SeedreamV5FlashTextToImage,
        SeedreamV5FlashImageToImage,
        ChanjingSeedreamV3,
        ChanjingSeedreamV4,
        ChanjingSeedreamV45,
        ChanjingKlingV2,
        ChanjingKlingV21,
        ChanjingWanV22,
    )
}


def models_of(provider: str) -> Models:
    return {model_id: model for model_id, model in MODELS.items() if model.provider == provider}


# Letters that are missing, added or, counted twice, in another place.
_MAX_SLIPS: Final = 3
_DIGITS: Final = re.compile("[0-9]+")
_DOT_ZERO: Final = re.compile(r"\.0(?![0-9])")


def is_mistyped(model_id: str) -> bool:
    """Tell whether the id is most likely meant to be a known one: other models have other numbers.

    Without its prefix, in another case or with a slip it would be another provider's, or nobody's.
    """
    from difflib import SequenceMatcher  # only where other models may be used

    given = _compared(model_id)
    for known in MODELS:
        for name in (known, known.partition("/")[2]):
            own, is_whole = _compared(name), name == known
            if is_whole and given.endswith(f"/{own}"):
                return True
            if ("/" in model_id) != is_whole or _DIGITS.findall(given) != _DIGITS.findall(own):
                continue
            blocks = SequenceMatcher(None, given, own, autojunk=False).get_matching_blocks()
            if len(given) + len(own) - 2 * sum(block.size for block in blocks) <= _MAX_SLIPS:
                return True
    return False


def _compared(name: str) -> str:
    return plain(_DOT_ZERO.sub("", name))


def unknown_model(model_id: str, models: Models = MODELS) -> str:
    """Return what is said about an id that no model has."""
    own_name = _compared(model_id.rpartition("/")[2])
    same = [name for name in models if _compared(name.rpartition("/")[2]) == own_name]
    by_own_name = {name.rpartition("/")[2]: name for name in models}
    alike = [by_own_name[each] for each in close_to(model_id, by_own_name)]
    by_id = close_to(model_id, models)
    meant = did_you_mean(same or (by_id if "/" in model_id else alike or by_id))
    return f"unknown model{meant or ';'} GET /models lists the available ones"
