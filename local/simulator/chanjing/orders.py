"""Reads the body of task/submit and refuses what Chanjing would refuse."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from local.simulator.chanjing.answers import BAD_FORMAT, BAD_PARAMETER, Refused
from local.simulator.chanjing.models import MODELS, errors_of
from local.simulator.faults import FaultValues, InvalidFault, faults_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    body: Mapping[str, Any]
    faults: FaultValues
    """The faults that its prompt requests."""

    @property
    def callback_url(self) -> str | None:
        return self.body.get("callback")

    @property
    def images(self) -> int:
        return int(self.body.get("number_of_images", 1))

    @property
    def subject(self) -> str:
        """Identifies the order when a client repeats it."""
        return str(self.callback_url or self.body["ref_prompt"])


def read_order(body: bytes) -> Order:
    content = read_object(body)
    url = content.get("callback")
    about = url if isinstance(url, str) else ""
    code = content.get("model_code")
    if not isinstance(code, str) or code not in MODELS:
        raise Refused(BAD_PARAMETER, "model_code 参数错误", about=about)
    if wrong := errors_of(content):
        raise Refused(BAD_PARAMETER, "; ".join(wrong), about=about)
    try:
        faults = faults_in(content["ref_prompt"])
    except InvalidFault as mistake:
        raise Refused(BAD_PARAMETER, f"simulator: {mistake}", about=about) from mistake
    return Order(body=content, faults=faults)


def read_object(body: bytes) -> dict[str, Any]:
    try:
        content = json.loads(body)
    except ValueError as error:
        raise Refused(BAD_FORMAT) from error
    if not isinstance(content, dict):
        raise Refused(BAD_FORMAT)
    return content
