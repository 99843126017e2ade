from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.client_keys import client_of


def digest(key: str) -> str:
    return sha256(key.encode()).hexdigest()


KEY, OTHER = "rb_0123456789abcdef", "rb_fedcba9876543210"
KEYS = {"studio": digest(KEY), "shop": digest(OTHER)}


@pytest.mark.parametrize(
    ("header", "client"),
    [(f"Bearer {KEY}", "studio"), (f"Bearer {OTHER}", "shop"), (f"bearer {KEY}", "studio")],
)
def test_a_key_belongs_to_a_client(header: str, client: str) -> None:
    assert client_of(header, KEYS) == client


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        KEY,
        f"Basic {KEY}",
        f"Token {KEY}",
        f"Bearer{KEY}",
        f"Bearer  {KEY}",
        f"Bearer {KEY} ",
        f" Bearer {KEY}",
        f"Bearer\t{KEY}",
        f"Bearer {KEY},{OTHER}",
        f"Bearer {KEY[:-1]}",
        f"Bearer {KEY}0",
        f"Bearer {KEY.upper()}",
        f"Bearer {digest(KEY)}",
        "Bearer studio",
        "Bearer None",
        "Bearer \N{SNOWMAN}",
        "Bearer \ud83e",
        "Bearer \0",
    ],
)
def test_any_other_header_is_refused(header: str) -> None:
    assert client_of(header, KEYS) is None


@pytest.mark.parametrize("key", ["", KEY, "null", "studio"])
def test_without_keys_every_key_is_refused(key: str) -> None:
    assert client_of(f"Bearer {key}", {}) is None


def test_a_key_configured_in_plain_text_is_refused() -> None:
    assert client_of(f"Bearer {KEY}", {"studio": KEY}) is None
    assert client_of("Bearer ", {"studio": digest("")}) is None


def test_a_malformed_digest_matches_no_key() -> None:
    keys = {"empty": "", "upper_case": digest(KEY).upper(), "odd": "\N{SNOWMAN}"}
    assert client_of(f"Bearer {KEY}", keys) is None


@given(st.text(max_size=60), st.sampled_from(["", "Bearer ", "bearer ", "Basic "]))
def test_random_headers_are_refused(text: str, scheme: str) -> None:
    assert client_of(scheme + text, KEYS) is None
