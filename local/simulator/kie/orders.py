"""Reads the body of createTask and refuses what kie.ai would refuse."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from local.simulator.faults import FaultValues, InvalidFault, faults_in
from local.simulator.kie.answers import Refused
from local.simulator.kie.models import ANY_MODEL, MODELS, errors_of, price_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    model: str
    callback_url: str | None
    input: Mapping[str, Any]
    faults: FaultValues
    """The faults that its prompt requests."""

    @property
    def price(self) -> float:
        return price_of(self.model, self.input)

    @property
    def prompt(self) -> str:
        return prompt_of(self.input)

    @property
    def subject(self) -> str:
        """Identifies the order when a client repeats it."""
        return self.callback_url or self.prompt


def prompt_of(given: Mapping[str, Any]) -> str:
    """Return the text that may contain directives; an unknown model's input may have none."""
    prompt = given.get("prompt", "")
    return prompt if isinstance(prompt, str) else ""


def read_order(body: bytes, *, any_model: bool = False) -> Order:
    content = _json_object(body)
    callback_url, given = content.get("callBackUrl"), content.get("input")
    about = callback_url if isinstance(callback_url, str) else ""
    if callback_url is not None and not _is_url(callback_url):
        raise Refused(422, "callBackUrl is not a URL")
    model = content.get("model")
    if not isinstance(model, str) or not (model in MODELS or (any_model and model)):
        raise Refused(422, "The model is not supported", about=about)
    if not isinstance(given, dict):
        raise Refused(422, "input is required", about=about)
    if wrong := errors_of(MODELS.get(model, ANY_MODEL), given):
        raise Refused(422, "; ".join(wrong), about=about)
    try:
        faults = faults_in(prompt_of(given))
    except InvalidFault as mistake:
        raise Refused(400, f"simulator: {mistake}", about=about) from mistake
    return Order(model=model, callback_url=callback_url, input=given, faults=faults)


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        content = json.loads(body)
    except ValueError as error:
        raise Refused(400, "the body is not JSON") from error
    if not isinstance(content, dict):
        raise Refused(400, "the body is not a JSON object")
    return content


def _is_url(value: Any) -> bool:
    if not isinstance(value, str) or not value.isascii() or not value.isprintable():
        return False
    try:
        parts = urlsplit(value)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
