"""What `make run` runs: each provider's examples, a recipe with a photo, and a sheet."""

from collections.abc import Mapping
from typing import Any, Final

from local.simulator.providers import provider_modules

EXAMPLES = tuple(example for module in provider_modules("examples") for example in module.EXAMPLES)

# Its end is told to a receiver of the simulator.
TOLD: Final[Mapping[str, Any]] = {
    "model": "bytedance/seedream-v4-text-to-image",
    "input": {"prompt": "A bell", "image_size": "square"},
}

# Uploaded by `make run`: a recipe for a photo, and a sheet with an invalid row.
RECIPE = {
    "model": "bytedance/seedream-v4-edit",
    "input": {"prompt": "As a woodcut", "image_size": "square"},
}
SHEET = """\
model,input.prompt,input.image_size,input.max_images
bytedance/seedream-v4-text-to-image,A blue door,square,
bytedance/seedream-v4-text-to-image,A blue door,tall,
bytedance/seedream-v4-text-to-image,Two blue doors,portrait_4_3,2
"""
