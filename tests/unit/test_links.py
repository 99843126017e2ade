"""Which links of a fresh record lead to an image."""

from hypothesis import given
from hypothesis import strategies as st
from ringback.domain.links import other_links

KNOWN = tuple(f"https://cdn.example/{name}.png?signed=1" for name in ("fox", "owl", "hare"))


@given(st.permutations(KNOWN), st.sampled_from(["cdn.example", "cdn-2.example/archive"]))
def test_a_file_name_identifies_an_image_in_any_order(order: list[str], host: str) -> None:
    fresh = [url.replace("cdn.example", host).replace("signed=1", "signed=2") for url in order]
    for number, url in enumerate(KNOWN, start=1):
        name = url.rpartition("/")[2].partition("?")[0]
        expected = f"https://{host}/{name}?signed=2"
        assert other_links(number, known=KNOWN, fresh=fresh) == (expected,)


def test_the_link_of_another_image_is_never_offered() -> None:
    fresh = ["https://cdn.example/owl.png?signed=2", "https://cdn.example/new.png"]
    assert other_links(1, known=KNOWN[:2], fresh=fresh) == ("https://cdn.example/new.png",)
    assert other_links(1, known=KNOWN[:2], fresh=fresh[:1]) == ()


def test_without_known_names_the_position_comes_first_and_the_others_follow() -> None:
    fresh = ["https://cdn.example/a", "https://cdn.example/b", "https://cdn.example/c"]
    assert other_links(2, known=KNOWN, fresh=fresh) == (fresh[1], fresh[0], fresh[2])
    assert other_links(3, known=KNOWN, fresh=fresh[:1]) == (fresh[0],)


def test_names_that_are_not_unique_identify_nothing() -> None:
    known = ["https://cdn.example/1/image.png", "https://cdn.example/2/image.png"]
    fresh = ["https://cdn.example/4/image.png", "https://cdn.example/3/image.png"]
    assert other_links(1, known=known, fresh=fresh) == (fresh[0], fresh[1])
    assert other_links(2, known=known, fresh=fresh) == (fresh[1], fresh[0])


@given(
    st.lists(st.sampled_from("abcdef"), min_size=1, max_size=4),
    st.lists(st.sampled_from("abcdefgh"), max_size=5),
)
def test_a_known_link_is_never_offered_and_none_twice(known: list[str], fresh: list[str]) -> None:
    for number in range(1, len(known) + 1):
        offered = other_links(number, known=known, fresh=fresh)
        assert set(offered) <= set(fresh) - set(known)
        assert len(offered) == len(set(offered))


def test_an_image_without_a_link_keeps_its_place() -> None:
    known = ("https://cdn.example/1.png", "", "https://cdn.example/3.png")
    fresh = (known[0], "https://cdn.example/2.png", known[2])
    assert other_links(2, known=known, fresh=fresh) == (fresh[1],)
    assert other_links(2, known=known, fresh=known) == ()
    assert other_links(2, known=known, fresh=(known[0], fresh[1], "")) == (fresh[1],)
    assert other_links(1, known=known, fresh=("", "", "https://cdn.example/3.png?new")) == ()
