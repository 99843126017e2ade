"""The URLs of a task's images, in every shape; whole bodies are in events/providers."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ringback.providers.result_urls import task_urls

A, B, C = (f"https://cdn.example/{name}.png" for name in "abc")
BLANKS = "https://cdn.example/a red kite.png"
NAMES = ["resultUrls", "result_urls", "resultImageUrl", "resultJson", "response", "output_url"]
INSIDE = ["images", "url", "imageUrl", "data", "0", "2"]
any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9) | st.sampled_from([A, B, C]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(NAMES + INSIDE), inner, max_size=4)
        | inner.map(json.dumps)
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(NAMES), any_json))
def test_whatever_is_answered_is_read(task: dict[str, Any]) -> None:
    urls = task_urls(task)
    assert urls == () or any(urls)
    assert all("://" in url for url in urls if url)


@given(st.lists(st.sampled_from([A, B, C, None]), min_size=1, max_size=6), st.sampled_from(NAMES))
def test_every_image_keeps_its_number(urls: list[str | None], name: str) -> None:
    expected = tuple(url or "" for url in urls) if any(urls) else ()
    as_objects = [url and {"url": url, "thumb": C} for url in urls]
    ends = (0, len(urls) - 1)
    in_gaps = {str(at): url for at, url in enumerate(urls) if url or at in ends}
    for shape in (urls, as_objects, json.dumps(urls), json.dumps(json.dumps(as_objects)), in_gaps):
        assert task_urls({name: shape}) == expected
    if urls[-1]:
        # A separator at the end may be a mere habit.
        assert task_urls({name: ",".join(url or "" for url in urls)}) == expected


@pytest.mark.parametrize(
    ("task", "urls"),
    [
        ({"output": [{"type": "image", "image_url": A}, {"image_url": {"url": B}}]}, (A, B)),
        ({"resultJson": {"data": [{"url": A}, {"url": B}]}}, (A, B)),
        ({"resultJson": [{"resultUrls": [A, B]}, {"resultUrls": [C]}]}, (A, B, C)),
        ({"RESULT-URLS": A}, (A,)),
        ({"resultUrls": f" {A} ; {B}\n"}, (A, B)),
        ({"resultUrls": f"{A},,{C}"}, (A, "", C)),
        ({"resultUrls": f"{A}, ;{C}"}, (A, "", C)),
        ({"resultUrls": f"{A}|null|None|{C}"}, (A, "", "", C)),
        ({"resultUrls": f",{B},{C}"}, ("", B, C)),
        ({"resultUrls": f"null,{B}"}, ("", B)),
        ({"resultUrls": f"{A},{B},"}, (A, B)),
        ({"resultUrls": f"{A}\n\n{B}"}, (A, B)),
        *(
            ({"resultUrls": shape(f"{invisible}{A}{invisible}")}, (A,))
            for invisible in (
                "\u00a0",
                "\u200b",
                "\ufeff",
                "\u2060",
                "\u202c",
                "\u3000",
                "\0",
                "\ufffd",
            )
            for shape in (str, lambda text: [text], lambda text: [{"url": text}], json.dumps)
        ),
        *(
            ({"resultUrls": shape("https://cdn.example/a red kite.png\r\n")}, (BLANKS,))
            for shape in (str, lambda text: [text], lambda text: [{"url": text}], json.dumps)
        ),
        ({"resultUrls": f"{BLANKS}, {B}"}, (BLANKS, B)),
        ({"resultUrls": f"{A},\u00a0{B}\u200b,\ufeff{C}"}, (A, B, C)),
        ({"resultUrls": f"\u00a0{json.dumps([A, B])}\u200b"}, (A, B)),
        ({"resultUrls": f"{A},\u200b,{C}"}, (A, "", C)),
        (
            {"resultUrls": "https://cdn.example/a,,b.png,https://cdn.example/c.png"},
            ("https://cdn.example/a,,b.png", "https://cdn.example/c.png"),
        ),
        ({"resultUrls": ",,"}, ()),
        ({"resultUrls": "," * 50_000}, ()),
        ({"resultUrls": A + "," * 50_000 + "x"}, (A + "," * 50_000 + "x",)),
        ({"resultUrls": f"[{A}, null, {C}]"}, (A, "", C)),
        ({"resultUrls": f"['{A}', None, '{C}']"}, (A, "", C)),
        ({"resultUrls": f"[see {A}]"}, ()),
        ({"resultUrls": ", ftp://cdn.example/a.png"}, ()),
        ({"resultUrls": A + ",null" * 50_000 + "x"}, (A + ",null" * 50_000 + "x",)),
        ({"resultUrls": [A], "resultImageUrl": f"{A}?signed=again"}, (A,)),
        ({"resultUrls": {"1": A, "3": C}}, (A, "", C)),
        ({"result": f"the text model says {A}"}, ()),
        ({"resultJson": {"resultObject": {"text": "a kite"}}}, ()),
        ({"resultJson": "[" * 100_000}, ()),
        ({"resultJson": [[[[[[[[[[[A]]]]]]]]]]]}, ()),
        ({"image_urls": [A], "url": A, "param": {"resultUrls": [A]}, "input": {"images": [A]}}, ()),
    ],
)
def test_known_shapes(task: dict[str, Any], urls: tuple[str, ...]) -> None:
    assert task_urls(task) == urls
