"""Reads requests of the HTTP API, in API Gateway's payload 2.0."""

from base64 import b64decode
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any, Final

from aws_lambda_powertools.utilities.typing import LambdaContext

from ringback.domain.client_keys import OF_FIRST_FORM
from ringback.domain.errors import (
    FieldError,
    InvalidRequest,
    PayloadTooLarge,
    Unauthorized,
    adding,
)
from ringback.domain.idempotency_keys import KEY, key_errors
from ringback.domain.job_posts import JobPost
from ringback.domain.jobs import JobId
from ringback.domain.suggestions import unknown_parameters
from ringback.json_bodies import MAX_REQUEST_BYTES, json_object, without_halves
from ringback.use_cases.accept_callback import CallbackRequest
from ringback.use_cases.authorize_client import check_scope
from ringback.use_cases.provider_apis import ApiCall

MAX_CALLBACK_BYTES: Final = 256 * 1024
_SWITCH: Final = ("true", "false")


def raw_body(event: Mapping[str, Any]) -> bytes:
    """Return the body exactly as it was sent."""
    body: str = event.get("body") or ""
    # API Gateway encodes bodies that it considers binary, going by the sender's content type.
    if event.get("isBase64Encoded"):
        # What is said to be Base64 and is not is left as it is: it is no JSON either.
        with suppress(ValueError):
            return b64decode(body, validate=True)
    return body.encode("utf-8", "surrogatepass")


def json_body(event: Mapping[str, Any], *, most: int = MAX_REQUEST_BYTES) -> dict[str, Any]:
    """Return the JSON object that a client sent, of ``most`` bytes. Raises as ``json_object``."""
    content_type = lower_headers(event).get("content-type", "")
    return json_object(raw_body(event), content_type=content_type, most=most)


def lower_headers(event: Mapping[str, Any]) -> dict[str, str]:
    """Return the headers by lower-case name; recorded events may spell them otherwise."""
    return {name.lower(): value for name, value in (event.get("headers") or {}).items()}


def query_parameters(event: Mapping[str, Any]) -> dict[str, str]:
    """Return the query parameters; API Gateway leaves the field out if there are none."""
    given = event.get("queryStringParameters") or {}
    return {without_halves(name): without_halves(text) for name, text in given.items()}


def path_alone(event: Mapping[str, Any], name: str) -> str:
    """Return a parameter of the path, on a route that has none in its query.

    Raises ``InvalidRequest`` if there are any: ``DELETE ...?dry_run=true`` can't be undone.
    """
    if errors := unknown_parameters(query_parameters(event), ()):
        raise InvalidRequest(errors)
    found: str = event["pathParameters"][name]
    return found


def route_of(event: Mapping[str, Any]) -> str:
    """Return the route, such as ``GET /jobs``. ``HEAD`` is answered like ``GET``.

    API Gateway has a route for each method. It leaves out the body that answers ``HEAD``.
    """
    route: str = event["routeKey"]
    return f"GET {route.removeprefix('HEAD ')}" if route.startswith("HEAD ") else route


def client_name(event: Mapping[str, Any]) -> str:
    """Return the client that the authorizer identified.

    Raises ``Unauthorized`` if the authorizer says what is wrong, ``MissingScope`` if the key may
    not use this route, and ``KeyError`` without an authorizer.
    """
    context = event["requestContext"]["authorizer"]["lambda"]
    if refusal := context.get("refusal"):
        raise Unauthorized(refusal)
    name: str = context["client"]
    check_scope(route_of(event), key_scopes(event))
    return name


def key_scopes(event: Mapping[str, Any]) -> Collection[str]:
    """Return the scopes of the key that the authorizer identified."""
    scopes = event["requestContext"]["authorizer"]["lambda"].get("scopes")
    # API Gateway may remember a consent of the version before scopes.
    return OF_FIRST_FORM if scopes is None else scopes.split()


def callback_request(event: Mapping[str, Any]) -> CallbackRequest:
    """Read a provider's callback. The size is checked first: raises ``PayloadTooLarge``."""
    body = raw_body(event)
    if len(body) > MAX_CALLBACK_BYTES:
        raise PayloadTooLarge(f"a callback has at most {MAX_CALLBACK_BYTES} bytes")
    path = event["pathParameters"]
    return CallbackRequest(
        provider=path["provider"],
        job_id=JobId(path["job_id"]),
        token=path["token"],
        headers=lower_headers(event),
        body=body,
    )


def job_post(event: Mapping[str, Any], *, needs_key: bool = False) -> JobPost:
    """Read ``POST /jobs`` or ``POST /jobs/{job_id}/retry``.

    ``needs_key`` refuses what would be paid for without an idempotency key.
    Unknown query parameters are refused: a mistyped ``dry_run`` must not cost money. Raises
    ``InvalidRequest``, which names every invalid field, or ``PayloadTooLarge``; what is wrong
    beside a body that can be read is left to whoever checks that.
    """
    retry_of = (event.get("pathParameters") or {}).get("job_id")
    key = lower_headers(event).get(KEY.lower())
    query = query_parameters(event)
    known = set() if retry_of else {"dry_run"}
    dry_run = query.get("dry_run", "false")
    client = client_name(event)
    errors = unknown_parameters(query, known)
    errors += key_errors(key, required=needs_key and dry_run != "true")
    if known and dry_run not in _SWITCH:
        errors.append(FieldError("dry_run", "must be true or false"))
    if errors and retry_of:
        raise InvalidRequest(errors)
    return JobPost(
        client=client,
        idempotency_key=key,
        body={} if retry_of else adding(errors, json_body, event),
        dry_run=dry_run != "false",
        retry_of=retry_of,
        faults=tuple(errors),
    )


def api_call(event: Mapping[str, Any], context: LambdaContext) -> ApiCall:
    """Read a call of a provider's own API. Nothing in it is checked yet."""
    return ApiCall(
        route=event["routeKey"],
        headers=lower_headers(event),
        query=query_parameters(event),
        body=raw_body(event),
        request_id=context.aws_request_id,
    )
