"""The catalogue: all models that a job can use, by id."""

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


def unknown_model(model_id: str, models: Models = MODELS) -> str:
    """Return what is said about an id that no model has."""
    own_name = plain(model_id.rpartition("/")[2])
    same = [name for name in models if plain(name.rpartition("/")[2]) == own_name]
    meant = did_you_mean(same or close_to(model_id, models))
    return f"unknown model{meant or ';'} GET /models lists the available ones"
