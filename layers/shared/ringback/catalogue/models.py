"""The models that a job can ask for, by id."""

from collections.abc import Mapping
from typing import Final

from ringback.catalogue.model_input import ModelInput
from ringback.catalogue.seedream_v4 import SeedreamV4Edit, SeedreamV4TextToImage
from ringback.catalogue.seedream_v4_5 import SeedreamV45Edit

MODELS: Final[Mapping[str, type[ModelInput]]] = {
    model.model_id: model for model in (SeedreamV4Edit, SeedreamV4TextToImage, SeedreamV45Edit)
}
