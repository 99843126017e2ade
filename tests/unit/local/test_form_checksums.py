from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from types import SimpleNamespace
from typing import Any

import pytest

from local.form_checksums import check_form_checksums

CONTENT = b"a fox"
DIGEST = b64encode(sha256(CONTENT).digest())


def answer_to(fields: dict[str, bytes]) -> Any:
    s3 = SimpleNamespace(
        _post_object=lambda bucket, body, headers: "stored",
        _parse_multipart_form=lambda kind, body: [
            (name, None, {}, each) for name, each in fields.items()
        ],
        _error=lambda code, message, status: (code, status),
    )
    check_form_checksums(s3)  # type: ignore[arg-type]
    headers: Mapping[str, str] = {}
    return s3._post_object("drops", b"", headers)


def test_a_file_of_another_checksum_is_refused() -> None:
    assert answer_to({"x-amz-checksum-sha256": DIGEST, "file": b"a cat"}) == ("BadDigest", 400)
    assert answer_to({"X-Amz-Checksum-Sha256": DIGEST}) == ("BadDigest", 400)


@pytest.mark.parametrize("fields", [{"x-amz-checksum-sha256": DIGEST}, {}])
def test_other_forms_are_passed_on(fields: dict[str, bytes]) -> None:
    assert answer_to({**fields, "file": CONTENT}) == "stored"
