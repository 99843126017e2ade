"""kie.ai's recorded callback bodies, and the report that each is read as."""

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from ringback.domain.errors import MalformedCallback, SignatureRejected
from ringback.domain.verdicts import TaskReport
from ringback.providers.kie.provider import PROVIDER
from ringback.use_cases.ports import CallbackReport

from tests.support.aws import HMAC_KEY
from tests.support.callbacks import BODIES, body_files, expected_of, sign

SENT_AT = 1_790_000_000
BODY_FILES = body_files(BODIES)


def read(body: bytes, headers: dict[str, str], *, keys: list[str]) -> CallbackReport:
    reader = PROVIDER.listen(lambda: {"webhook_hmac_keys": keys})
    return reader.read(headers, body, now=datetime.fromtimestamp(SENT_AT, UTC))


def plain(report: TaskReport) -> dict[str, Any]:
    """Return a report in the form of the expected files, with exact credits as text."""
    written = asdict(report) | {
        "image_urls": list(report.image_urls),
        "credits": None if report.credits is None else format(report.credits, "f"),
    }
    assert written.pop("answer")
    assert (written.pop("model"), written.pop("created_at")) == ("", None)
    return written


def test_bodies_and_expectations_match_one_to_one() -> None:
    expectations = {path.name for path in BODIES.rglob("*.expected.json")}
    bodies = {path.name for path in BODIES.rglob("*.json")} - expectations
    assert {path.replace(".json", ".expected.json") for path in bodies} == expectations
    assert len(BODY_FILES) >= 50


@pytest.mark.parametrize("body_file", BODY_FILES, ids=lambda path: path.stem)
def test_bodies_have_their_expected_report(body_file: Path) -> None:
    body, expected = body_file.read_bytes(), expected_of(body_file)
    if "error" in expected:
        assert expected == {"error": MalformedCallback.__name__}
        with pytest.raises(MalformedCallback):
            read(body, {}, keys=[])
    else:
        callback = read(body, {}, keys=[])
        assert plain(callback.report) == expected
        assert not callback.proven


@pytest.mark.parametrize("body_file", BODY_FILES, ids=lambda path: path.stem)
def test_a_signed_body_has_the_same_report_and_is_proven(body_file: Path) -> None:
    body, expected = body_file.read_bytes(), expected_of(body_file)
    headers = {
        "x-webhook-timestamp": str(SENT_AT),
        "x-webhook-signature": sign(expected.get("task_id", ""), SENT_AT),
    }
    if "error" in expected:
        # In a body with no task id, or with two, the signature covers nothing.
        with pytest.raises(SignatureRejected):
            read(body, headers, keys=[HMAC_KEY])
    else:
        callback = read(body, headers, keys=[HMAC_KEY])
        assert plain(callback.report) == expected
        assert callback.proven


@pytest.mark.parametrize("body_file", BODY_FILES, ids=lambda path: path.stem)
def test_unsigned_bodies_are_refused_with_a_key(body_file: Path) -> None:
    with pytest.raises(SignatureRejected):
        read(body_file.read_bytes(), {}, keys=[HMAC_KEY])
