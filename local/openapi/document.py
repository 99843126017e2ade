"""Make the OpenAPI document of the API that clients use, of what describes it already.

Requests come from the models that check them, jobs and accounts from docs/asyncapi.yaml, problems
from the table that answers have them from, and the routes from template.yaml.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

import yaml
from ringback.catalogue.models import MODELS
from ringback.catalogue.requests import SubmitJobRequest
from ringback.catalogue.schemas import describe, without_titles
from ringback.catalogue.upload_requests import UploadRequest
from ringback.domain.errors import RingbackError
from ringback.domain.version import VERSION
from ringback.http_api.batches import JOBS, MAX_JOBS
from ringback.http_api.problems import PROBLEMS

from local.example_job import PHOTO
from local.examples import EXAMPLES
from local.openapi.gateway import GATEWAY
from local.openapi.headers import headers_of
from local.openapi.operations import JOB_ID, OPERATIONS, WITH_KEY, Operation, Schema, ref
from local.paths import ROOT
from local.template import load_template

# Of the asynchronous API's schemas, those that the answers have as well.
_SHARED: Final = (
    *("job", "error", "image", "missingImage", "quarantined", "account"),
    *("moment", "momentOrNull"),
)
# Answers in the providers' own languages, which their own documentation describes.
_NOT_OURS: Final = "ServeProviderApisFunction"
# What can be done with a new job.
LINKS: Final = {
    operation.id: {
        "operationId": operation.id,
        "parameters": {JOB_ID["name"]: "$response.body#/job_id"},
    }
    for operation in OPERATIONS.values()
    if JOB_ID in operation.parameters
}
# HEAD is answered like GET, and OPTIONS is the gateway's.
_DESCRIBED: Final = ("GET", "POST", "DELETE")
_JSON: Final = "application/json"
_PROBLEM: Final = "application/problem+json"


def document() -> dict[str, Any]:
    """Return the document. Raises ``ValueError`` if the template has other routes."""
    check_routes()
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Ringback",
            "version": VERSION,
            "summary": "Image-generation jobs that call back.",
            "description": "The stack's output JobsApiUrl is the base URL. `HEAD` works wherever"
            " `GET` does.",
        },
        "servers": [{"url": "/"}],
        "security": [{"key": []}],
        "tags": [{"name": name} for name in dict.fromkeys(o.tag for o in OPERATIONS.values())],
        "paths": _paths(),
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "schemas": _schemas(),
        },
    }


def check_routes() -> None:
    found = set(_template_routes())
    if found != OPERATIONS.keys():
        wrong = sorted(found ^ OPERATIONS.keys())
        raise ValueError(f"in template.yaml or in OPERATIONS, but not in both: {wrong}")


def _template_routes() -> Iterator[str]:
    for name, resource in load_template()["Resources"].items():
        for event in resource.get("Properties", {}).get("Events", {}).values():
            given = event["Properties"]
            ours = event["Type"] == "HttpApi" and given["ApiId"] == {"Ref": "JobsApi"}
            if ours and name != _NOT_OURS and given.get("Method") in _DESCRIBED:
                yield f"{given['Method']} {given['Path']}"


def _paths() -> dict[str, dict[str, Any]]:
    paths: dict[str, dict[str, Any]] = {}
    for route, operation in OPERATIONS.items():
        method, path = route.split()
        # OpenAPI has no greedy parameters: a model's slashes are sent as %2F, or as they are.
        paths.setdefault(path.replace("+}", "}"), {})[method.lower()] = _operation(operation)
    return paths


def _operation(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
    }
    if operation.description:
        described["description"] = operation.description
    if not operation.needs_key:
        described["security"] = []
    if operation.parameters:
        described["parameters"] = list(operation.parameters)
    if operation.body:
        described["requestBody"] = {
            "required": True,
            "content": {
                _JSON: {
                    "schema": ref(operation.body),
                    "examples": EXAMPLES_OF[operation.body](),
                }
            },
        }
    return described | {"responses": _answers(operation) | _refusals(operation)}


def _answers(operation: Operation) -> dict[str, Any]:
    answers = {}
    for status, (text, schema) in operation.answers.items():
        headers = headers_of(
            status,
            locates=operation.locates,
            is_tagged=operation.is_tagged,
            is_limited=operation.is_limited,
        )
        answers[str(status)] = {
            "description": text,
            **({"headers": headers} if headers else {}),
            **({"content": {operation.kind: {"schema": schema}}} if schema else {}),
            **({"links": LINKS} if operation.locates and status == 202 else {}),
        }
    return answers


def _refusals(operation: Operation) -> dict[str, Any]:
    """Return the problems, and what API Gateway answers itself, by status."""
    texts: dict[int, dict[str, list[str]]] = {}
    kinds: tuple[type[RingbackError], ...] = operation.problems
    for kind in (*kinds, *(WITH_KEY if operation.needs_key else ())):
        problem = PROBLEMS[kind]
        texts.setdefault(int(problem.status), {}).setdefault(_PROBLEM, []).append(problem.title)
    for each in GATEWAY:
        if operation.needs_key or not each.for_key:
            texts.setdefault(each.status, {}).setdefault(_JSON, []).append(each.when)
    schemas = {_PROBLEM: ref("problem"), _JSON: ref("gatewayMessage")}
    refusals = {}
    for status, by_kind in sorted(texts.items()):
        headers = headers_of(status, is_limited=operation.is_limited)
        refusals[str(status)] = {
            "description": " ".join(text for texts in by_kind.values() for text in texts),
            **({"headers": headers} if headers else {}),
            "content": {kind: {"schema": schemas[kind]} for kind in by_kind},
        }
    return refusals


def _examples() -> dict[str, Any]:
    """Return a request for every model."""
    return {
        _name(example.model): {
            "value": {"model": example.model, "input": example.input_with(dropped=PHOTO)}
        }
        for example in EXAMPLES
        if example.status == "succeeded"
    }


def _batch_example() -> dict[str, Any]:
    requests = [each["value"] for each in _examples().values()]
    return {"two jobs": {"value": {JOBS: requests[:2]}}}


def _upload_example() -> dict[str, Any]:
    photo = {"sha256": "5e" * 32, "bytes": 48213, "content_type": "image/jpeg"}
    return {"a photo": {"value": photo}}


EXAMPLES_OF: Final = {"request": _examples, "batch": _batch_example, "upload": _upload_example}


def _schemas() -> dict[str, Schema]:
    shared = yaml.safe_load((ROOT / "docs/asyncapi.yaml").read_text())["components"]["schemas"]
    answers = yaml.safe_load((ROOT / "local/openapi/answers.yaml").read_text())
    schemas: dict[str, Schema] = {name: shared[name] for name in _SHARED} | answers
    schemas["job"]["description"] = (
        "A job. Links are valid for the setting LinkLifetimeSeconds at least."
    )
    link = {
        "type": ["string", "null"],
        "format": "uri",
        "description": "Only in answers to GET; null of what may have expired.",
    }
    schemas["image"]["properties"] |= {
        "url": link,
        "thumbnail_url": link,
    }
    # Of a list, the client may ask for some fields only.
    waiting_for = answers["shownJob"]["allOf"][1]["properties"]
    schemas["listedJob"] = {
        "type": "object",
        "description": "A job, or the fields of it that were asked for.",
        "required": ["job_id"],
        "properties": shared["job"]["properties"] | waiting_for,
    }
    requests = {_name(model): _request(model) for model in MODELS}
    mapping = {model: ref(_name(model))["$ref"] for model in MODELS}
    schemas["request"] = {
        "description": "A model and its input, in the provider's own field names.",
        "oneOf": [ref(name) for name in requests],
        "discriminator": {"propertyName": "model", "mapping": mapping},
    }
    schemas["upload"] = without_titles(UploadRequest)
    schemas["batch"] = {
        "type": "object",
        "additionalProperties": False,
        "required": [JOBS],
        "properties": {
            JOBS: {
                "type": "array",
                "minItems": 1,
                "maxItems": MAX_JOBS,
                # One that is invalid is an outcome, and not a fault of the batch.
                "items": {"type": "object", "additionalProperties": True},
                "description": "Each is a body of POST /jobs.",
            }
        },
    }
    return schemas | requests


def _request(model: str) -> Schema:
    """Return the body that ``POST /jobs`` takes for the model."""
    schema: Schema = without_titles(SubmitJobRequest)
    described = describe(model)
    given = {name: each for name, each in described["input"].items() if name != "$schema"}
    also = {name: _exactly(value) for name, value in MODELS[model].sent_anyway().items()}
    known = given["properties"]
    either = {name: {"anyOf": [known[name], each]} for name, each in also.items() if name in known}
    return schema | {
        "description": f"{described['description']} {described['documentation']}",
        "properties": schema["properties"]
        | {
            "model": {"type": "string", "const": model},
            "input": given | {"properties": known | also | either},
        },
    }


def _exactly(value: object) -> Schema:
    if value == []:
        return {"type": "array", "items": {}, "maxItems": 0}
    if isinstance(value, int):
        return {"type": "integer", "minimum": value, "maximum": value}
    return {"type": "string", "const": value}


def _name(model: str) -> str:
    return "request_" + re.sub(r"[^a-z0-9]+", "_", model)
