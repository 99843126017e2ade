"""Lets the local AWS compare the checksum in a form with its file, which it would ignore.

S3 refuses a file whose SHA-256 is not that of the form's field.
https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html
"""

from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from hashlib import sha256
from types import ModuleType
from typing import Any, Final

CHECKSUM: Final = "x-amz-checksum-sha256"
FILE: Final = "file"

# Of one field: its name, file name, headers and value.
Part = tuple[str, str | None, Mapping[str, str], bytes]
Post = Callable[[str, bytes, Mapping[str, str]], Any]


def check_form_checksums(s3: ModuleType) -> None:
    """Patch ``ministack.services.s3``."""
    s3._post_object = _checked(s3, s3._post_object)  # type: ignore[attr-defined]


def _checked(s3: Any, post: Post) -> Post:
    @wraps(post)
    def checked(bucket: str, body: bytes, headers: Mapping[str, str]) -> Any:
        if is_other_file(s3._parse_multipart_form(headers.get("content-type", ""), body)):
            message = "The SHA256 you specified did not match the calculated checksum."
            return s3._error("BadDigest", message, 400)
        return post(bucket, body, headers)

    return checked


def is_other_file(parts: Iterable[Part]) -> bool:
    values = {name.lower(): value for name, _, _, value in parts}
    digest = b64encode(sha256(values.get(FILE, b"")).digest())
    return values.get(CHECKSUM, digest) != digest
