from typing import Any, get_args

import pytest
from ringback.catalogue.upload_requests import UploadRequest, read_upload
from ringback.domain.errors import InvalidRequest
from ringback.domain.images import INPUT_FORMATS, MAX_INPUT_IMAGE_BYTES
from ringback.domain.uploads import Upload

GOOD = {"sha256": "5e" * 32, "bytes": MAX_INPUT_IMAGE_BYTES, "content_type": "image/webp"}


def test_a_request_is_read_for_its_client() -> None:
    assert read_upload(GOOD, "studio") == Upload(
        client="studio", sha256="5e" * 32, size=MAX_INPUT_IMAGE_BYTES, content_type="image/webp"
    )


def test_a_whole_number_may_have_a_point() -> None:
    assert read_upload(GOOD | {"bytes": 9.0}, "studio").size == 9


def test_the_types_are_those_of_input_images() -> None:
    types = get_args(UploadRequest.model_fields["content_type"].annotation)
    assert set(types) == {each.content_type for each in INPUT_FORMATS}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"sha256": "5E" * 32}, "must be 64 lower-case hexadecimal digits"),
        ({"sha256": "5e" * 32 + "\n"}, "must be 64 lower-case hexadecimal digits"),
        ({"sha256": 5}, "must be text, in quotes"),
        ({"bytes": 0}, "must be at least 1"),
        ({"bytes": MAX_INPUT_IMAGE_BYTES + 1}, f"must be at most {MAX_INPUT_IMAGE_BYTES}"),
        ({"bytes": "9"}, "must be a whole number, without quotes"),
        ({"bytes": True}, "must be a whole number"),
        ({"bytes": 9.5}, "must be a whole number, without a fraction"),
        ({"content_type": "text/html"}, "must be image/jpeg, image/png or image/webp"),
        ({"contentType": "image/png"}, "unknown field; did you mean content_type?"),
    ],
)
def test_a_wrong_field_is_named(changed: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_upload(GOOD | changed, "studio")
    (error,) = refused.value.errors
    assert (error.field, error.message) == (*changed, message)


def test_all_wrong_fields_are_named_at_once() -> None:
    with pytest.raises(InvalidRequest) as refused:
        read_upload({"bytes": -1, "name": "fox.png"}, "studio")
    named = {error.field: error.message for error in refused.value.errors}
    assert named == {
        "sha256": "required",
        "bytes": "must be at least 1",
        "content_type": "required",
        "name": "unknown field",
    }
