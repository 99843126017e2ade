"""Jobs for Chanjing: one of every family of models."""

from local.example_job import PHOTO, Example

EXAMPLES = (
    Example(
        model="chanjing/doubao-seedream-4.0",
        input={
            "ref_prompt": "A red kite over a grey sea, two pictures",
            "ref_img_url": [PHOTO],
            "aspect_ratio": "9:16",
            "number_of_images": 2,
        },
        size=(1152, 2048),
    ),
    Example(
        model="chanjing/kling-v2-1",
        input={"ref_prompt": "A fox in the snow", "clarity": 1024},
        size=(1024, 1024),
    ),
    Example(
        model="chanjing/wan2.2-t2i",
        input={"ref_prompt": "A mountain hut", "quality_mode": "pro", "aspect_ratio": "4:3"},
        size=(2048, 1536),
    ),
)
