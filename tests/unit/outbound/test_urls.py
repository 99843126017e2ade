"""Which URLs the guard reads, as what, and why it refuses the others."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ringback.domain.errors import AddressRefused
from ringback.outbound.urls import Target, follow_redirect, parse_url

SIMULATOR = frozenset({"127.0.0.1:9000", "localhost:9000", "[::1]:9000", "sim:80"})

READ = [
    ("https://cdn.example/a.png", "cdn.example", 443, "/a.png"),
    ("HTTPS://CDN.Example/A.png", "cdn.example", 443, "/A.png"),
    ("https://cdn.example", "cdn.example", 443, "/"),
    ("https://cdn.example?x=1", "cdn.example", 443, "/?x=1"),
    ("https://cdn.example:443/a", "cdn.example", 443, "/a"),
    ("https://cdn.example/a?sig=b%2Fc&e=1", "cdn.example", 443, "/a?sig=b%2Fc&e=1"),
    ("https://cdn.example/a#@inside", "cdn.example", 443, "/a"),
    ("https://cdn.example#/x", "cdn.example", 443, "/"),
    ("https://cdn.example/@inside/", "cdn.example", 443, "/@inside/"),
    ("https://cdn.example/?u=http://127.0.0.1", "cdn.example", 443, "/?u=http://127.0.0.1"),
    ("https://cdn.example/../a", "cdn.example", 443, "/../a"),
    ("https://cdn.example/图.png", "cdn.example", 443, "/%E5%9B%BE.png"),
    ('https://cdn.example/<a>"{b}|^`', "cdn.example", 443, "/%3Ca%3E%22%7Bb%7D%7C%5E%60"),
    ("https://my_bucket.s3.example/a", "my_bucket.s3.example", 443, "/a"),
    ("https://xn--nxasmq6b.example/", "xn--nxasmq6b.example", 443, "/"),
    ("https://127.0.0.1.nip.example/", "127.0.0.1.nip.example", 443, "/"),
    ("https://8.8.8.8/a", "8.8.8.8", 443, "/a"),
    ("https://[2606:4700::1]/a", "2606:4700::1", 443, "/a"),
    ("http://127.0.0.1:9000/a", "127.0.0.1", 9000, "/a"),
    ("http://LOCALHOST:9000/a", "localhost", 9000, "/a"),
    ("http://[::1]:9000/a", "::1", 9000, "/a"),
    ("http://sim/a", "sim", 80, "/a"),
]

NOT_HTTPS = "not an https:// one"
CHARACTER = "space, backslash, control or invisible"
MALFORMED = "malformed host or port"
ODD_IPV4 = "IPv4 address in an odd spelling"
NOT_ASCII = "host that is not ASCII"

REFUSED = [
    ("", NOT_HTTPS),
    ("cdn.example/a.png", NOT_HTTPS),
    ("//cdn.example/a.png", NOT_HTTPS),
    ("https:/cdn.example/a", NOT_HTTPS),
    ("https:cdn.example/a", NOT_HTTPS),
    ("httpſ://cdn.example/a", NOT_HTTPS),
    ("ftp://cdn.example/a", NOT_HTTPS),
    ("file:///etc/passwd", NOT_HTTPS),
    ("data:image/png;base64,AAAA", NOT_HTTPS),
    ("s3://bucket/key", NOT_HTTPS),
    ("gopher://127.0.0.1:25/_x", NOT_HTTPS),
    ("javascript:alert(1)", NOT_HTTPS),
    ("https+unix://x", NOT_HTTPS),
    ("http://cdn.example/a.png", "plain http"),
    ("http://cdn.example:443/a.png", "plain http"),
    ("http://127.0.0.1:9001/a", "plain http"),
    ("http://127.0.0.1/a", "plain http"),
    ("http://sim.example:9000/a", "plain http"),
    ("https://127.0.0.1:9000/a", "port other than 443"),
    ("https://cdn.example:80/", "port other than 443"),
    ("https://cdn.example:8443/", "port other than 443"),
    ("https://cdn.example:22/", "port other than 443"),
    ("https://cdn.example:99999/", "port other than 443"),
    ("https://cdn.example:0443/", MALFORMED),
    ("https://cdn.example:+443/", MALFORMED),
    ("https://cdn.example:0/", MALFORMED),
    ("https://cdn.example:/", MALFORMED),
    ("https://cdn.example:https/", MALFORMED),
    ("https://cdn.example:443:443/", MALFORMED),
    ("https://cdn.example:４４３/", NOT_ASCII),
    ("https://user@cdn.example/", "user information"),
    ("https://user:secret@cdn.example/", "user information"),
    ("https://cdn.example@127.0.0.1/", "user information"),
    ("https://@cdn.example/", "user information"),
    ("https://cdn.example:443@127.0.0.1/", "user information"),
    ("https://cdn.example%40127.0.0.1/", MALFORMED),
    ("https://cdn.example\\@127.0.0.1/", CHARACTER),
    ("https:\\\\cdn.example\\a", CHARACTER),
    ("https://cdn.example/a\\b", CHARACTER),
    (" https://cdn.example/", CHARACTER),
    ("https://cdn.example/ ", CHARACTER),
    ("https://cdn.example/a b", CHARACTER),
    ("https://cdn.exa\tmple/", CHARACTER),
    ("https://cdn.example/\r\nHost: inside", CHARACTER),
    ("https://cdn.example/a\n", CHARACTER),
    ("https://cdn.example/\x00", CHARACTER),
    ("https://cdn.example/\x7f", CHARACTER),
    ("https://cdn.example/\x85", CHARACTER),
    ("https://cdn.example/\u00a0", CHARACTER),
    ("https://cdn.example/\u2028", CHARACTER),
    ("https://cdn\u200b.example/", CHARACTER),
    ("https://cdn.example/\u202egnp", CHARACTER),
    ("https://cdn.example/\ud800", CHARACTER),
    ("https:///a", MALFORMED),
    ("https://", MALFORMED),
    ("https://?a", MALFORMED),
    ("https://:443/", MALFORMED),
    ("https://./", MALFORMED),
    ("https://.cdn.example/", MALFORMED),
    ("https://cdn..example/", MALFORMED),
    ("https://cdn.example./", MALFORMED),
    ("https://cdn.example.:443/", MALFORMED),
    ("https://-cdn.example/", MALFORMED),
    ("https://cdn-.example/", MALFORMED),
    ("https://*.example/", MALFORMED),
    ("https://cdn.example;x/", MALFORMED),
    ("https://cdn,example/", MALFORMED),
    ("https://cdn%2eexample/", MALFORMED),
    ("https://%31%32%37.0.0.1/", MALFORMED),
    ("https://" + "a" * 64 + ".example/", MALFORMED),
    ("https://" + "abc." * 63 + "example/", MALFORMED),
    ("https://cdn.example/" + "a" * 8192, "too long"),
    ("https://münchen.example/", NOT_ASCII),
    ("https://cdn。example/", NOT_ASCII),
    ("https://cdn．example/", NOT_ASCII),
    ("https://①②⑦.⓪.⓪.①/", NOT_ASCII),
    ("https://ｌocalhost.example/", NOT_ASCII),
    ("https://cdn.example／a@inside.example/", "user information"),
    ("https://cdn.example℀.inside.example/", NOT_ASCII),
    ("https://localhost/", "without a dot"),
    ("https://intranet/a", "without a dot"),
    ("https://2130706433/", ODD_IPV4),
    ("https://017700000001/", ODD_IPV4),
    ("https://0x7f000001/", ODD_IPV4),
    ("https://0x7f.0.0.1/", ODD_IPV4),
    ("https://0X7F.1/", ODD_IPV4),
    ("https://0177.0.0.1/", ODD_IPV4),
    ("https://127.0.0.01/", ODD_IPV4),
    ("https://127.1/", ODD_IPV4),
    ("https://127.0.1/", ODD_IPV4),
    ("https://0/", ODD_IPV4),
    ("https://0x/", ODD_IPV4),
    ("https://1.1.1.1.1/", ODD_IPV4),
    ("https://256.256.256.256/", ODD_IPV4),
    ("https://cdn.example.0x7f/", ODD_IPV4),
    ("https://127.0.0.1./", MALFORMED),
    ("https://[127.0.0.1]/", "malformed IPv6"),
    ("https://[::1/", MALFORMED),
    ("https://::1/", MALFORMED),
    ("https://[::1]x/", MALFORMED),
    ("https://[]/", "malformed IPv6"),
    ("https://[::1::]/", "malformed IPv6"),
    ("https://[v1.x]/", "malformed IPv6"),
    ("https://[fe80::1%25eth0]/", "with a zone"),
    ("https://[fe80::1%eth0]/", "with a zone"),
    ("https://[[::1]]/", MALFORMED),
]


@pytest.mark.parametrize(("url", "host", "port", "path"), READ)
def test_a_plain_url_is_read(url: str, host: str, port: int, path: str) -> None:
    target = parse_url(url, plain_http_hosts=SIMULATOR)
    assert (target.host, target.port, target.path) == (host, port, path)
    assert target.encrypted is url.lower().startswith("https:")


@pytest.mark.parametrize(("url", "reason"), REFUSED)
def test_an_odd_url_is_refused(url: str, reason: str) -> None:
    with pytest.raises(AddressRefused, match=reason):
        parse_url(url, plain_http_hosts=SIMULATOR)


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
def test_the_host_header_is_spelt_like_a_browser_does(url: str, authority: str) -> None:
    assert parse_url(url, plain_http_hosts=SIMULATOR).authority == authority


def test_a_signature_stays_out_of_the_repr() -> None:
    assert "secret" not in repr(parse_url("https://cdn.example/a?signature=secret"))


@given(
    st.text(max_size=60),
    st.sampled_from(["", "https://", "https://cdn.example", "https://cdn.example/"]),
)
def test_whatever_the_url_there_is_one_verdict(rest: str, start: str) -> None:
    try:
        target = parse_url(start + rest)
    except AddressRefused:
        return
    assert target.encrypted
    assert target.port == 443
    assert f"{target.host}{target.path}".isascii()
    assert not set(target.path) & set(" \t\r\n\\#")


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("https://other.example/b", "https://other.example/b"),
        ("//other.example/b", "https://other.example/b"),
        ("/b?c=d", "https://cdn.example/b?c=d"),
        ("b", "https://cdn.example/folder/b"),
        ("../b", "https://cdn.example/b"),
        ("?c", "https://cdn.example/folder/a?c"),
        ("/\xe5\x9b\xbe.png", "https://cdn.example/%E5%9B%BE.png"),
    ],
)
def test_a_redirect_is_read_from_where_it_was_given(location: str, url: str) -> None:
    target = parse_url("https://cdn.example/folder/a")
    assert follow_redirect(target, location) == parse_url(url)


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("http://other.example/b", "plain http"),
        ("http://127.0.0.1:9000/b", "leaves https"),
        ("//127.0.0.1:9000/b", "port other than 443"),
        ("//user@other.example/", "user information"),
        ("https://0x7f.1/", ODD_IPV4),
        ("https://münchen.example/", "cannot be read"),
        ("https://m\xc3\xbcnchen.example/", MALFORMED),
        ("/a\xff", "cannot be read"),
        ("https://[::1", "cannot be read"),
        ("\\\\inside\\b", CHARACTER),
        ("/a\tb", CHARACTER),
        ("file:///etc/passwd", NOT_HTTPS),
    ],
)
def test_a_redirect_checked_like_a_url(location: str, reason: str) -> None:
    target = parse_url("https://cdn.example/folder/a")
    with pytest.raises(AddressRefused, match=reason):
        follow_redirect(target, location, plain_http_hosts=SIMULATOR)


@given(st.text(st.characters(max_codepoint=255), max_size=60))
def test_whatever_the_redirect_there_is_one_verdict(location: str) -> None:
    try:
        target = follow_redirect(parse_url("https://cdn.example/a"), location)
    except AddressRefused:
        return
    assert isinstance(target, Target)
    assert target.encrypted
