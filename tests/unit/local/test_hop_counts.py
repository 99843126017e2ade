"""How the local AWS carries the counts of invocations from message to message."""

from typing import Any

import botocore.handlers
import pytest

from local.hop_counts import merged, name_in_lineage, read_lineage, trace_header


def test_counts_travel_in_a_trace_header() -> None:
    counts = {name_in_lineage("submit"): 16, name_in_lineage("check"): 3}
    header = trace_header(counts)
    assert read_lineage(header) == counts
    assert header.startswith("Root=1-")


def test_counts_survive_the_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Inside Lambda, boto3 adds the invocation's trace header to every call."""
    counts = {name_in_lineage("submit"): 16, name_in_lineage("check"): 3}
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "submit")
    monkeypatch.setenv("_X_AMZN_TRACE_ID", trace_header(counts))
    request: dict[str, Any] = {"headers": {}}
    botocore.handlers.add_recursion_detection_header(request)
    assert read_lineage(request["headers"]["X-Amzn-Trace-Id"]) == counts


def test_a_header_without_lineage_has_no_counts() -> None:
    assert read_lineage("") == {}
    assert read_lineage("Root=1-0-0;Parent=0;Sampled=1") == {}
    assert read_lineage("Root=1-0-0;Lineage=;Sampled=1") == {}


def test_a_batch_has_the_highest_counts_of_its_messages() -> None:
    headers = [trace_header({"a": 2, "b": 1}), trace_header({"a": 1, "c": 5}), ""]
    assert merged(headers) == {"a": 2, "b": 1, "c": 5}
