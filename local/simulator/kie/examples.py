"""Jobs for kie.ai: at least one of every family of models, and one that fails."""

from local.example_job import DROPPED, PHOTO, Example

EXAMPLES = (
    Example(
        model="bytedance/seedream-v4-edit",
        input={
            "prompt": "Give the fox a red scarf",
            "image_urls": [PHOTO],
            "image_size": "landscape_4_3",
        },
        size=(1024, 768),
    ),
    Example(
        model="bytedance/seedream-v4-text-to-image",
        input={
            "prompt": "A red kite over a grey sea, two pictures",
            "image_size": "square_hd",
            "image_resolution": "2K",
            "max_images": 2,
        },
        size=(2048, 2048),
    ),
    Example(
        model="seedream/4.5-edit",
        input={
            "prompt": "The same street at night",
            "image_urls": [PHOTO, DROPPED],
            "aspect_ratio": "16:9",
            "quality": "basic",
        },
        size=(2048, 1152),
    ),
    Example(
        model="bytedance/seedream",
        input={"prompt": "A paper boat", "image_size": "portrait_16_9", "guidance_scale": 3.5},
        size=(576, 1024),
    ),
    Example(
        model="seedream/5-lite-text-to-image",
        input={"prompt": "A lighthouse at dawn", "aspect_ratio": "3:2", "output_format": "jpeg"},
        size=(2048, 1365),
    ),
    Example(
        model="seedream/5-pro-image-to-image",
        input={"prompt": "As a woodcut", "image_urls": [PHOTO], "quality": "high"},
        size=(2048, 2048),
    ),
    Example(
        model="seedream/5-flash-text-to-image",
        input={"prompt": "A green bicycle", "size": "1.5K"},
        size=(1536, 1536),
    ),
    Example(
        model="bytedance/seedream-v4-text-to-image",
        input={"prompt": "A job that fails on purpose [simulate: fail]"},
        size=(1024, 1024),
        status="failed",
    ),
)
