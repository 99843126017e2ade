"""The models that a job can ask for, by id."""

from collections.abc import Mapping
from typing import Final

from ringback.catalogue.chanjing_images import (
    ChanjingKlingV2,
    ChanjingKlingV21,
    ChanjingSeedreamV3,
    ChanjingSeedreamV4,
    ChanjingSeedreamV45,
    ChanjingWan,
)
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

Models = Mapping[str, type[ModelInput]]

MODELS: Final[Models] = {
    model.model_id: model
    for model in (
        SeedreamV3,
        SeedreamV4Edit,
        SeedreamV4TextToImage,
        SeedreamV45Edit,
        SeedreamV45TextToImage,
        SeedreamV5LiteImageToImage,
        SeedreamV5LiteTextToImage,
        SeedreamV5ProImageToImage,
        SeedreamV5ProTextToImage,
        SeedreamV5FlashImageToImage,
        SeedreamV5FlashTextToImage,
        ChanjingSeedreamV4,
        ChanjingSeedreamV45,
        ChanjingSeedreamV3,
        ChanjingKlingV2,
        ChanjingKlingV21,
        ChanjingWan,
    )
}
