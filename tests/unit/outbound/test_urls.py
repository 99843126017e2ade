"""Which URLs are parsed, how, and why the others are refused."""

import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from ringback.domain.errors import AddressRefused
from ringback.outbound.addresses import IPV4_REFUSED, IPV6_REFUSED, why_not_public
from ringback.outbound.connections import checked_addresses
from ringback.outbound.urls import Target, as_browsers_do, follow_redirect, parse_url

from tests.support.guarded_urls import (
    CHARACTER,
    DOTLESS,
    MALFORMED,
    NAMES,
    NOT_ASCII,
    NOT_HTTPS,
    ODD_IPV4,
    PLAIN_HTTP_HOSTS,
    URL_REASONS,
    URLS,
    inside,
    look_up,
)

READ = [(url, target) for url, target, _ in URLS if target]
NOT_READ = [(url, reason) for url, target, reason in URLS if not target]


def through_the_guard(url: str) -> tuple[Target, Sequence[str]]:
    target = parse_url(url, plain_http_hosts=PLAIN_HTTP_HOSTS)
    return target, checked_addresses(target, look_up)


@pytest.mark.parametrize(("url", "target"), READ)
def test_a_url_is_parsed_and_its_addresses_are_public(url: str, target: Target) -> None:
    expected = NAMES.get(target.host, [target.host])
    assert through_the_guard(url) == (target, expected)


@pytest.mark.parametrize(("url", "reason"), NOT_READ)
def test_a_url_is_refused(url: str, reason: str) -> None:
    with pytest.raises(AddressRefused) as refused:
        through_the_guard(url)
    assert str(refused.value).removeprefix(f"{urlsplit_host(url)}: ") == reason


def urlsplit_host(url: str) -> str | None:
    with suppress(ValueError):
        return urlsplit(url).hostname
    return None


def test_the_table_is_complete_and_has_no_duplicates() -> None:
    urls = [url for url, _, _ in URLS]
    assert len(set(urls)) == len(urls) >= 150
    addresses = {*IPV4_REFUSED.values(), *IPV6_REFUSED.values(), "not global unicast", "scoped"}
    assert {reason for _, reason in NOT_READ} == URL_REASONS | set(map(inside, addresses))


@pytest.mark.parametrize(
    ("url", "authority"),
    [
        ("https://cdn.example:443/", "cdn.example"),
        ("https://[2606:4700::1]/", "[2606:4700::1]"),
        ("http://127.0.0.1:9000/", "127.0.0.1:9000"),
        ("http://[::1]:9000/", "[::1]:9000"),
        ("http://sim:80/", "sim"),
    ],
)
def test_the_host_header_is_that_of_a_browser(url: str, authority: str) -> None:
    assert parse_url(url, plain_http_hosts=PLAIN_HTTP_HOSTS).authority == authority


def test_the_repr_has_no_signature() -> None:
    assert "secret" not in repr(parse_url("https://cdn.example/a?signature=secret"))


@given(
    st.text(max_size=60),
    st.sampled_from(["", "https://", "https://cdn.example", "https://cdn.example/"]),
)
def test_any_url_is_parsed_or_refused(rest: str, start: str) -> None:
    try:
        target = parse_url(start + rest)
    except AddressRefused:
        return
    assert target.encrypted
    assert target.port == 443
    assert f"{target.host}{target.path}".isascii()
    assert not set(target.path) & set(" \t\r\n\\#")


def seen_by_urlsplit(url: str) -> tuple[str | None, int | None]:
    parts = urlsplit(url)
    return parts.hostname, parts.port or {"https": 443, "http": 80}[parts.scheme]


def seen_by_httpx(url: str) -> tuple[str | None, int | None] | None:
    try:
        parts = httpx.URL(url)
    except httpx.InvalidURL:
        return None  # a parser that refuses the URL finds no other host
    return parts.raw_host.decode().lower(), parts.port or {"https": 443, "http": 80}[parts.scheme]


def assert_no_parser_finds_another_host(url: str) -> None:
    try:
        target = parse_url(url, plain_http_hosts=PLAIN_HTTP_HOSTS)
    except AddressRefused:
        return
    scheme = "https" if target.encrypted else "http"
    sent = f"{scheme}://{target.authority}{target.path}"
    assert parse_url(sent, plain_http_hosts=PLAIN_HTTP_HOSTS) == target
    for spelling in (url, sent):
        assert seen_by_urlsplit(spelling) == (target.host, target.port)
        assert seen_by_httpx(spelling) in (None, (target.host, target.port))


# Characters that URL parsers treat differently, and plain ones so that some URLs are valid.
PIECES = st.sampled_from(
    [
        *("cdn.example", "inside.example", "127.0.0.1", "8.8.8.8", "0x7f", "1", "a", "xn--", "sim"),
        *(
            "[::1]",
            "[2606:4700::1]",
            "[",
            "]",
            "::",
            "%25",
            "%",
            "%40",
            "%2f",
            ":443",
            ":9000",
            ":",
        ),
        *("/", "/", "//", "?", "#", "@", "\\", ".", "-", "_", ";", "&", "=", "+", ",", "~", "|"),
        *(" ", "\t", "\n", "\x00", "\u200b", "／", "。", "①", "ß", "\u212a", "https:", "http://"),
    ]
)


RESTS = st.lists(PIECES, max_size=5).map("".join)


@given(st.sampled_from(["https://", "https://cdn.example", "http://", "//", ""]), RESTS)
def test_no_parser_finds_another_host(start: str, rest: str) -> None:
    assert_no_parser_finds_another_host(start + rest)


@given(st.sampled_from([url for url, *_ in URLS]), st.integers(0, 40), PIECES)
def test_no_parser_finds_another_host_after_a_typo(url: str, place: int, piece: str) -> None:
    assert_no_parser_finds_another_host(url)
    assert_no_parser_finds_another_host(url[:place] + piece + url[place:])
    assert_no_parser_finds_another_host(url[:place] + piece + url[place + 1 :])


def in_octal(number: int) -> str:
    return f"0{number:o}"


NOTATIONS: list[Callable[[int], str]] = [
    str,
    in_octal,
    hex,
    "{:#X}".format,
    "0x{:08x}".format,
    "000{:o}".format,
]


@st.composite
def spellings(draw: st.DrawFn) -> tuple[IPv4Address, str]:
    """Draw an address and one of its notations that the C library accepts."""
    address = draw(st.builds(IPv4Address, st.ip_addresses(v=4).map(str)))
    count = draw(st.integers(0, 3))
    rest = int.from_bytes(address.packed[count:], "big")
    numbers = [*address.packed[:count], rest]
    return address, ".".join(draw(st.sampled_from(NOTATIONS))(number) for number in numbers)


@given(spellings())
@example((IPv4Address("127.0.0.1"), "127.0.0.1"))
@example((IPv4Address("127.0.0.1"), "0177.0.0.01"))
@example((IPv4Address("8.8.8.8"), "0x8.8.8.8"))
@example((IPv4Address("8.8.8.8"), "8.8.8.8"))
def test_any_notation_of_an_ipv4_address_is_that_address_or_refused(
    spelt: tuple[IPv4Address, str],
) -> None:
    address, spelling = spelt
    assert socket.inet_aton(spelling) == address.packed
    if spelling != str(address):
        with pytest.raises(AddressRefused, match=ODD_IPV4):
            parse_url(f"https://{spelling}/")
        return
    target = parse_url(f"https://{spelling}/")
    assert target == Target(encrypted=True, host=str(address), port=443, path="/")
    assert target.is_address
    try:
        assert checked_addresses(target, look_up) == [str(address)]
    except AddressRefused as refused:
        assert str(refused) == f"{address}: {inside(str(why_not_public(str(address))))}"
    else:
        assert why_not_public(str(address)) is None


DIGITS = ["０１２３４５６７８９", "⓪①②③④⑤⑥⑦⑧⑨", "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗", "⁰¹²³⁴⁵⁶⁷⁸⁹", "٠١٢٣٤٥٦٧٨٩"]


@given(spellings(), st.sampled_from(DIGITS), st.sampled_from(".。．｡"))
def test_an_address_in_digits_of_another_script_is_refused(
    spelt: tuple[IPv4Address, str], digits: str, dot: str
) -> None:
    odd = spelt[1].translate({ord(str(n)): digit for n, digit in enumerate(digits)} | {46: dot})
    with pytest.raises(AddressRefused, match=NOT_ASCII):
        parse_url(f"https://{odd}/")


@given(st.ip_addresses(v=4).map(str), st.sampled_from([".", "..", "%2e", "%00", "\t", ":", "%"]))
def test_text_after_an_address_is_refused(address: str, end: str) -> None:
    with pytest.raises(AddressRefused):
        parse_url(f"https://{address}{end}/")


@given(
    st.ip_addresses(v=6),
    st.sampled_from([str, lambda address: address.exploded]),
    st.sampled_from([str.lower, str.upper]),
)
def test_all_notations_of_an_ipv6_address_are_judged_alike(
    address: IPv6Address, spell: Callable[[IPv6Address], str], case: Callable[[str], str]
) -> None:
    spelling = spell(address)
    target = parse_url(f"https://[{case(spelling)}]/")
    reason = why_not_public(str(address))
    assert target.is_address
    if reason is None:
        assert checked_addresses(target, look_up) == [spelling]
    else:
        with pytest.raises(AddressRefused) as refused:
            checked_addresses(target, look_up)
        assert str(refused.value).endswith(inside(reason))


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("https://other.example/b", "https://other.example/b"),
        ("//other.example/b", "https://other.example/b"),
        ("./b:c", "https://cdn.example/folder/b:c"),
        ("?c=d:e", "https://cdn.example/folder/a?c=d:e"),
        ("", "https://cdn.example/folder/a"),
        ("/b?c=d", "https://cdn.example/b?c=d"),
        ("b", "https://cdn.example/folder/b"),
        ("../b", "https://cdn.example/b"),
        ("?c", "https://cdn.example/folder/a?c"),
        ("/\xe5\x9b\xbe.png", "https://cdn.example/%E5%9B%BE.png"),
    ],
)
def test_a_redirect_is_resolved_against_its_url(location: str, url: str) -> None:
    target = parse_url("https://cdn.example/folder/a")
    assert follow_redirect(target, location) == parse_url(url)


def test_a_redirect_of_a_plain_http_host_stays_there() -> None:
    target = parse_url("http://sim/a", plain_http_hosts=PLAIN_HTTP_HOSTS)
    following = follow_redirect(target, "/b", plain_http_hosts=PLAIN_HTTP_HOSTS)
    assert following == parse_url("http://sim/b", plain_http_hosts=PLAIN_HTTP_HOSTS)
    with pytest.raises(AddressRefused, match=DOTLESS):
        follow_redirect(target, "/b")


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("http://other.example/b", "plain http"),
        ("http://127.0.0.1:9000/b", "from https to http"),
        ("//127.0.0.1:9000/b", "port other than 443"),
        ("//user@other.example/", "user information"),
        ("https://0x7f.1/", ODD_IPV4),
        ("https://münchen.example/", "invalid Location"),
        ("https://m\xc3\xbcnchen.example/", MALFORMED),
        ("/a\xff", "invalid Location"),
        ("https://[::1", MALFORMED),
        ("//[::1", "invalid Location"),
        ("https:/other.example/b", NOT_HTTPS),
        ("https:b", NOT_HTTPS),
        ("://other.example/b", NOT_HTTPS),
        ("1://other.example/b", NOT_HTTPS),
        (":b", NOT_HTTPS),
        ("b:c", NOT_HTTPS),
        ("other.example:443/b", NOT_HTTPS),
        ("https:///other.example/b", MALFORMED),
        ("https:////other.example/b", MALFORMED),
        ("///other.example/b", NOT_HTTPS),
        ("////other.example/b", NOT_HTTPS),
        ("\\\\inside\\b", CHARACTER),
        ("/a\tb", CHARACTER),
        ("file:///etc/passwd", NOT_HTTPS),
    ],
)
def test_a_redirect_is_checked_like_a_url(location: str, reason: str) -> None:
    target = parse_url("https://cdn.example/folder/a")
    with pytest.raises(AddressRefused, match=reason):
        follow_redirect(target, location, plain_http_hosts=PLAIN_HTTP_HOSTS)


@given(st.text(st.characters(max_codepoint=255), max_size=60))
def test_any_redirect_is_followed_or_refused(location: str) -> None:
    try:
        target = follow_redirect(parse_url("https://cdn.example/a"), location)
    except AddressRefused:
        return
    assert isinstance(target, Target)
    assert target.encrypted


@given(st.sampled_from(["https://", "https:", "https:/", "//", "///", "/", ""]), RESTS)
def test_no_other_client_would_follow_a_redirect_to_another_host(start: str, rest: str) -> None:
    target = parse_url("https://origin.example/a")
    location = start + rest
    try:
        following = follow_redirect(target, location.encode().decode("latin-1"))
        # The value of a header has no blanks at its ends (RFC 9110, section 5.5).
        joined = httpx.URL("https://origin.example/a").join(location.strip(" "))
    except (AddressRefused, httpx.InvalidURL):
        return
    assert joined.raw_host.decode().lower() in ("", following.host)


@pytest.mark.parametrize("url", [url for url, *_ in URLS if url.lower().startswith("http")])
def test_a_redirect_goes_where_its_url_does_or_to_the_same_host(url: str) -> None:
    start = parse_url("https://origin.example/folder/a")
    location = url.encode("utf-8", "surrogatepass").decode("latin-1")
    try:
        following = follow_redirect(start, location, plain_http_hosts=PLAIN_HTTP_HOSTS)
        checked_addresses(following, look_up)
    except AddressRefused:
        return
    if following.host != start.host:
        assert following == parse_url(as_browsers_do(url), plain_http_hosts=PLAIN_HTTP_HOSTS)


@pytest.mark.parametrize(
    ("link", "url"),
    [
        ("\u00a0https://a.example/1\u200b", "https://a.example/1"),
        ("\ufeff \r\nhttps://a.example/1\u2060\u3000", "https://a.example/1"),
        ("https://a.example/1\u200b2", "https://a.example/1%E2%80%8B2"),
        ("https://a.example/\u00e9", "https://a.example/%C3%A9"),
    ],
)
def test_what_shows_nothing_around_a_link_is_no_part_of_it(link: str, url: str) -> None:
    assert as_browsers_do(link) == url
