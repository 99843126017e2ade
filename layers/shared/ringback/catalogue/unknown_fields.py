"""What is said about a field that a request must not have."""

from collections.abc import Mapping, Sequence
from typing import Final

from ringback.catalogue.call_back_urls import CALL_BACK
from ringback.catalogue.model_input import ModelInput
from ringback.catalogue.models import MODELS
from ringback.domain.suggestions import close_to, did_you_mean, listed, plain
from ringback.domain.tags import TAGS

_MAX_NAMED: Final = 3
_ENVELOPE: Final = ("model", "input", CALL_BACK, TAGS)
# What APIs call the URL of a webhook.
_CALLBACKS: Final = frozenset(
    plain(name)
    for name in (
        *(CALL_BACK, "callback", "callback_uri", "webhook", "webhook_url", "webhooks"),
        *("notify_url", "notification_url", "hook", "hook_url"),
    )
)
# The provider's own callback URL is Ringback's.
_BESIDE_INPUT: Final = f"unknown field; send {CALL_BACK} beside input, not in it"
_SHAPE: Final = ("image_size", "aspect_ratio", "size", "image_resolution", "clarity")
_HOW_MANY: Final = ("max_images", "number_of_images")
_IMAGES: Final = ("image_urls", "ref_img_url")
_PROMPT: Final = ("prompt", "ref_prompt")
# What other APIs call these fields; the first that a model has is meant.
_SYNONYMS: Final[Mapping[str, Sequence[str]]] = {
    plain(name): fields
    for fields, names in (
        (_SHAPE, ("image_size", "size", "dimensions", "ratio", "aspect", "width", "height")),
        (("image_resolution", "quality", "clarity", "size"), ("resolution", "image_quality", "hd")),
        (_HOW_MANY, ("n", "num", "count", "num_images", "num_outputs", "batch_size", "samples")),
        (_HOW_MANY, ("max_images", "number_of_images", "image_count")),
        (_IMAGES, ("image", "images", "image_url", "image_urls", "image_input", "input_image")),
        (_IMAGES, ("input_images", "input_urls", "reference_images", "ref_images", "ref_img_url")),
        (_PROMPT, ("prompt", "ref_prompt", "text", "description", "positive_prompt")),
        (("guidance_scale",), ("cfg", "cfg_scale", "guidance")),
        (("output_format",), ("format", "image_format", "file_format", "mime_type")),
        (("nsfw_checker",), ("safety_checker", "enable_safety_checker", "nsfw", "moderation")),
    )
    for name in names
}


def is_callback(name: str) -> bool:
    """Tell whether a name is one that APIs use for the URL of a webhook."""
    return plain(name) in _CALLBACKS


def callback_fault(name: str) -> str:
    """Return what is said about a webhook's URL in the input; empty if it is another field."""
    return _BESIDE_INPUT if is_callback(name) else ""


def unknown_beside_input(name: str, model: type[ModelInput] | None) -> str:
    """Return the message about a field of the request itself."""
    if is_callback(name):
        return f"unknown field{did_you_mean([CALL_BACK])}"
    meant = close_to(name, _ENVELOPE)
    if meant:
        return f"unknown field{did_you_mean(meant)}"
    inner = _meant(name, model) if model else ()
    return f"unknown field{did_you_mean([f'input.{each}' for each in inner])}"


def unknown_in_input(name: str, model: type[ModelInput]) -> str:
    """Return the message about a field of the input.

    If other models of the provider have the field, it names them: often one of those is meant.
    """
    if name in model.filled_in:
        value = model.sent_anyway().get(name)
        return f"is filled in automatically; leave it out{f' or send {value}' if value else ''}"
    if fault := callback_fault(name):
        return fault
    if name in _ENVELOPE:
        return "unknown field; it belongs beside input, not in it"
    meant = _meant(name, model)
    having = [each for each in MODELS.values() if name in each.model_fields]
    siblings = [each for each in having if each.provider == model.provider]
    if siblings or (having and not meant):
        return f"{model.model_id} has no such field; {_have_it(siblings or having)}"
    if _SYNONYMS.get(plain(name)) == _IMAGES and not model.model_fields.keys() & set(_IMAGES):
        return _no_images(model)
    return f"unknown field{did_you_mean(meant)}"


def _no_images(model: type[ModelInput]) -> str:
    taking = [
        each
        for each in MODELS.values()
        if each.provider == model.provider and "image_urls" in each.model_fields
    ]
    family = model.model_id.partition("-")[0]
    nearest = max(taking, key=lambda each: each.model_id.startswith(family), default=None)
    hint = f"; {nearest.model_id} has image_urls" if nearest else ""
    return f"{model.model_id} has no input images{hint}"


def _have_it(models: Sequence[type[ModelInput]]) -> str:
    names = [model.model_id for model in models]
    more = [f"{len(names) - _MAX_NAMED} more"] if len(names) > _MAX_NAMED else []
    return f"{listed(names[:_MAX_NAMED] + more, 'and')} {'has' if len(names) == 1 else 'have'} it"


def _meant(name: str, model: type[ModelInput]) -> Sequence[str]:
    fields = model.model_fields
    close = close_to(name, fields)
    if close and plain(close[0]) == plain(name):
        return close
    synonyms = [each for each in _SYNONYMS.get(plain(name), ()) if each in fields]
    return synonyms[:1] or close
