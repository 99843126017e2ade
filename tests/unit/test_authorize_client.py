from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ringback.use_cases.authorize_client import client_of


def digest(key: str) -> str:
    return sha256(key.encode()).hexdigest()


KEY, OTHER = "rb_0123456789abcdef", "rb_fedcba9876543210"
KEYS = {"studio": digest(KEY), "shop": digest(OTHER)}


@pytest.mark.parametrize(
    ("header", "client"),
    [(f"Bearer {KEY}", "studio"), (f"Bearer {OTHER}", "shop"), (f"bearer {KEY}", "studio")],
)
def test_a_key_has_an_owner(header: str, client: str) -> None:
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
def test_anything_else_is_a_stranger(header: str) -> None:
    assert client_of(header, KEYS) is None


@pytest.mark.parametrize("key", ["", KEY, "null", "studio"])
def test_without_keys_everyone_is_a_stranger(key: str) -> None:
    assert client_of(f"Bearer {key}", {}) is None


def test_a_key_written_down_in_the_clear_opens_nothing() -> None:
    assert client_of(f"Bearer {KEY}", {"studio": KEY}) is None
    assert client_of("Bearer ", {"studio": digest("")}) is None


def test_a_place_that_is_empty_or_upper_case_opens_nothing() -> None:
    keys = {"empty": "", "shouting": digest(KEY).upper(), "odd": "\N{SNOWMAN}"}
    assert client_of(f"Bearer {KEY}", keys) is None


@given(st.text(max_size=60), st.sampled_from(["", "Bearer ", "bearer ", "Basic "]))
def test_no_header_crashes_the_door_or_opens_it(text: str, scheme: str) -> None:
    assert client_of(scheme + text, KEYS) is None
