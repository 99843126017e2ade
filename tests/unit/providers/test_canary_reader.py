"""The canary's callback: what one half signs, the other reads, and nothing else."""

from datetime import timedelta
from typing import Any, Final

import pytest
from ringback.callbacks.signatures import TOLERANCE_SECONDS, signature_of
from ringback.domain.canary import signing_key
from ringback.domain.errors import MalformedCallback, SignatureRejected
from ringback.domain.verdicts import TaskState
from ringback.providers.canary.callback import SIGNATURE, TIMESTAMP, make_callback
from ringback.providers.canary.provider import PROVIDER

from tests.support.jobs import NOON

SECRET: Final = {"key": "a-secret-of-the-canary-with-40-characters"}
LINK: Final = "https://bucket.s3.eu-west-1.amazonaws.com/canary/picture.png?X-Amz-Signature=0a"
CALL: Final = make_callback("canary-1", LINK, key=signing_key(SECRET), at=NOON)
READER: Final = PROVIDER.listen(lambda: SECRET)


def read(**changes: Any) -> Any:
    given: dict[str, Any] = {
        "headers": dict(CALL.headers),
        "body": CALL.body,
        "now": NOON,
    } | changes
    return READER.read(given["headers"], given["body"], now=given["now"])


def test_a_signed_callback_is_a_fact() -> None:
    found = read()
    assert found.proven
    assert (found.report.task_id, found.report.state) == ("canary-1", TaskState.SUCCEEDED)
    assert found.report.image_urls == (LINK,)


@pytest.mark.parametrize(
    "changes",
    [
        {"headers": {}},
        {"headers": {**CALL.headers, SIGNATURE: "x"}},
        {"headers": {**CALL.headers, TIMESTAMP: str(int(NOON.timestamp()) + 1)}},
        {"body": CALL.body.replace(b"canary-1", b"canary-2")},
        {"now": NOON + timedelta(seconds=TOLERANCE_SECONDS + 1)},
    ],
)
def test_any_other_callback_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(SignatureRejected):
        read(**changes)


def test_without_a_canary_every_callback_is_refused() -> None:
    with pytest.raises(SignatureRejected):
        PROVIDER.listen(dict).read(dict(CALL.headers), CALL.body, now=NOON)


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"task_id": 1}', b'{"task_id": ""}'])
def test_a_body_that_names_no_task_is_malformed(body: bytes) -> None:
    sent_at = CALL.headers[TIMESTAMP]
    signed = signature_of(sent_at.encode() + b"." + body, signing_key(SECRET)).decode()
    with pytest.raises(MalformedCallback):
        read(headers={TIMESTAMP: sent_at, SIGNATURE: signed}, body=body)
