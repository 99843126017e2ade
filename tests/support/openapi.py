"""Hold answers of the API against its own description."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from ringback.http_api.api_docs import DOCUMENT

from tests.support.schemas import strict


@cache
def described() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(DOCUMENT.read_text())
    return document


@cache
def operation(route: str) -> dict[str, Any] | None:
    """Return what is described of a route, such as ``GET /jobs``."""
    method, _, path = route.partition(" ")
    paths = described()["paths"]
    found: dict[str, Any] | None = paths.get(path.replace("+}", "}"), {}).get(method.lower())
    return found


@cache
def _validator(route: str, status: str, kind: str) -> Draft202012Validator | None:
    found = operation(route)
    content = found["responses"].get(status, {}).get("content", {}) if found else {}
    if kind not in content:
        return None
    schema = strict(content[kind]["schema"], described()["components"]["schemas"])
    return Draft202012Validator(schema, format_checker=FormatChecker())


def undescribed(route: str, reply: Mapping[str, Any]) -> list[str]:
    """Return what of a reply is not described; nothing for routes that are not."""
    # The authorizer is not the one who answers.
    if operation(route) is None or "isAuthorized" in reply:
        return []
    status, kind = str(reply["statusCode"]), reply["headers"].get("content-type", "")
    if not kind:
        answer = operation(route)["responses"].get(status, {"content": {}})  # type: ignore[index]
        return [f"{route} has no {status} without a body"] if "content" in answer else []
    kind = kind.partition(";")[0]
    validator = _validator(route, status, kind)
    if validator is None:
        return [f"{route} does not describe {status} {kind}"]
    body = json.loads(reply["body"]) if kind.endswith("json") else reply["body"]
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(body)]
