"""Lets the local AWS detect recursive loops through queues, as Lambda does.

By itself the emulator counts direct invocations only. The counts travel as on AWS: in the
``Lineage`` of the trace header, which the SDK adds to every call from inside a function and which
SQS keeps with each message, as ``AWSTraceHeader``. S3 hands it on to its notifications.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
"""

import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextvars import ContextVar
from functools import wraps
from hashlib import sha256
from types import ModuleType
from typing import Any, Final
from urllib.parse import unquote

# Lambda documents "approximately 16" invocations of one function in one chain.
MAX_INVOCATIONS: Final = 16
TRACE_HEADER: Final = "AWSTraceHeader"
LINEAGE: Final = "Lineage="

Counts = Mapping[str, int]

# The header of the request that is being answered.
_request_trace: ContextVar[str] = ContextVar("request_trace", default="")
# The invocations behind the messages that are being processed, by function.
_causes: ContextVar[Counts | None] = ContextVar("causes", default=None)


def read_lineage(trace_header: str) -> dict[str, int]:
    """Return how often each function was invoked; a header without lineage has none."""
    # The SDK percent-encodes what a header should not have, such as "|".
    parts = [part for part in unquote(trace_header).split(";") if part.startswith(LINEAGE)]
    entries = parts[0].removeprefix(LINEAGE).split("|") if parts else []
    pairs = (entry.rpartition(":") for entry in entries)
    return {name: int(count) for name, _, count in pairs if name and count.isdigit()}


def merged(headers: Iterable[str]) -> dict[str, int]:
    """Return the counts of a batch: the highest of its messages."""
    counts = dict[str, int]()
    for header in headers:
        for name, count in read_lineage(header).items():
            counts[name] = max(counts.get(name, 0), count)
    return counts


def trace_header(counts: Counts) -> str:
    root = f"1-{secrets.token_hex(4)}-{secrets.token_hex(12)}"
    lineage = "|".join(f"{name}:{count}" for name, count in counts.items())
    return f"Root={root};Parent={secrets.token_hex(8)};Sampled=0;{LINEAGE}{lineage}"


def name_in_lineage(function_name: str) -> str:
    return sha256(function_name.encode()).hexdigest()[:8]


def count_hops() -> None:
    """Patch the emulator, which this process is about to run."""
    from ministack.services import (  # type: ignore[import-not-found]
        lambda_svc,
        s3,
        sqs,
    )
    from ministack.services.cloudformation import (  # type: ignore[import-not-found]
        provisioners,
    )

    _remember_the_request_of(sqs)
    _remember_the_request_of(s3)
    _keep_it_with_messages(sqs)
    _hand_it_to_functions(lambda_svc)
    _stop_loops(lambda_svc)
    _deploy_recursive_loop(provisioners, lambda_svc)


def _remember_the_request_of(service: ModuleType) -> None:
    answer: Callable[..., Awaitable[Any]] = service.handle_request

    @wraps(answer)
    async def handle_request(
        method: str, path: str, headers: Mapping[str, str], *rest: Any, **named: Any
    ) -> Any:
        _request_trace.set(headers.get("x-amzn-trace-id", ""))
        return await answer(method, path, headers, *rest, **named)

    service.handle_request = handle_request  # type: ignore[attr-defined]


def _keep_it_with_messages(sqs: ModuleType) -> None:
    of_sent, of_others = sqs._build_send_sys_attrs, sqs._ensure_msg_fields

    @wraps(of_sent)
    def build_send_sys_attrs(now: float, given: Mapping[str, Any]) -> dict[str, Any]:
        trace = _request_trace.get()
        return {TRACE_HEADER: trace, **of_sent(now, given)} if trace else of_sent(now, given)

    @wraps(of_others)
    def ensure_message_fields(message: dict[str, Any]) -> Any:
        # S3 adds its notifications without a request to SQS.
        is_new, trace = "sys" not in message, _request_trace.get()
        done = of_others(message)
        if is_new and trace:
            message["sys"] = {TRACE_HEADER: trace, **message.get("sys", {})}
        return done

    sqs._build_send_sys_attrs = build_send_sys_attrs  # type: ignore[attr-defined]
    sqs._ensure_msg_fields = ensure_message_fields  # type: ignore[attr-defined]


def _hand_it_to_functions(lambda_svc: ModuleType) -> None:
    def trace_id(config: Mapping[str, Any], inbound: str | None = None) -> str:
        counts = {**(_causes.get() or read_lineage(inbound or ""))}
        name = name_in_lineage(config["FunctionName"])
        return trace_header(counts | {name: counts.get(name, 0) + 1})

    lambda_svc._xray_trace_id_for_invocation = trace_id  # type: ignore[attr-defined]


def _stop_loops(lambda_svc: ModuleType) -> None:
    invoke = lambda_svc._run_sqs_batch

    @wraps(invoke)
    def run_sqs_batch(
        mapping: dict[str, Any],
        function: Mapping[str, Any],
        event: Mapping[str, Any],
        batch: Iterable[Mapping[str, Any]],
        *queue: Any,
    ) -> None:
        counts = merged(message.get("sys", {}).get(TRACE_HEADER, "") for message in batch)
        name = function["config"]["FunctionName"]
        invocations = counts.get(name_in_lineage(name), 0)
        depth = lambda_svc.MAX_INVOKE_DEPTH + 1 + invocations - MAX_INVOCATIONS
        if lambda_svc._recursive_loop_drop(name, function, depth):
            # The messages come back after their visibility timeout, and end as dead letters.
            mapping["LastProcessingResult"] = "FAILED"
            return
        _causes.set(counts)
        invoke(mapping, function, event, batch, *queue)

    lambda_svc._run_sqs_batch = run_sqs_batch  # type: ignore[attr-defined]


def _deploy_recursive_loop(provisioners: ModuleType, lambda_svc: ModuleType) -> None:
    """Apply the property, which the emulator's CloudFormation ignores."""
    handlers = provisioners._RESOURCE_HANDLERS["AWS::Lambda::Function"]
    create, update = handlers["create"], handlers["update"]

    def configure(deployed: tuple[str, Any], properties: Mapping[str, Any]) -> tuple[str, Any]:
        lambda_svc._put_function_recursion_config(
            deployed[0], {"RecursiveLoop": properties.get("RecursiveLoop", "Terminate")}
        )
        return deployed

    handlers["create"] = lambda logical_id, properties, *rest: configure(
        create(logical_id, properties, *rest), properties
    )
    handlers["update"] = lambda physical_id, old, new, *rest, **named: configure(
        update(physical_id, old, new, *rest, **named), new
    )
