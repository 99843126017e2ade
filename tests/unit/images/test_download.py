"""The downloader's requests and how it judges responses, without a socket."""

import gzip
import hashlib
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from io import BytesIO
from ssl import SSLCertVerificationError
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from ringback.domain.errors import (
    AddressRefused,
    ImageRefused,
    LinkDead,
    NotAnImage,
    TransferInterrupted,
)
from ringback.domain.images import Remains
from ringback.domain.version import USER_AGENT
from ringback.images.compression import READ_SIZE
from ringback.images.download import ImageDownloader
from ringback.outbound.guarded_http import GuardedHttp

from tests.support.hostile_images import Verdict, corpus
from tests.support.image_files import WHOLE
from tests.support.network import ADDRESS, FakeNetwork, http_answer, redirect

URL = "https://cdn.example/folder/a.png?signature=secret"


def png() -> bytes:
    content = BytesIO()
    Image.new("RGB", (7, 5)).save(content, "PNG")
    return content.getvalue()


PNG = png()
MAX_BYTES = 64 * 1024 * 1024


def raw_deflate(content: bytes) -> bytes:
    return zlib.compress(content)[2:-4]


def answer(body: bytes = PNG, status: str = "200 OK", **headers: str) -> bytes:
    return http_answer(body, status, **headers)


class Network(FakeNetwork):
    def downloader(self, max_bytes: int = MAX_BYTES, **settings: Any) -> ImageDownloader:
        return ImageDownloader(http=self.http(**settings), max_bytes=max_bytes)


def test_the_facts_and_the_bytes_are_kept() -> None:
    into = BytesIO(b"garbage of an earlier attempt" * 100)
    facts = Network([answer()]).downloader().fetch(URL, into, within=60)
    assert into.tell() == 0
    assert into.read() == PNG
    assert (facts.content_type, facts.extension) == ("image/png", "png")
    assert (facts.width, facts.height, facts.bytes) == (7, 5, len(PNG))
    assert facts.sha256 == hashlib.sha256(PNG).hexdigest()


def test_the_file_is_not_truncated_before_writing() -> None:
    """Ext4 would flush a truncated file to disk when it is closed, just before it is deleted."""
    cuts = []

    class File(BytesIO):
        def truncate(self, size: int | None = None) -> int:
            cuts.append(super().truncate(size))
            return cuts[-1]

    Network([answer()]).downloader().fetch(URL, File(), within=60)
    assert 0 not in cuts


def test_it_connects_to_the_checked_address_with_the_name_for_tls() -> None:
    network = Network([answer()])
    network.downloader().fetch(URL, BytesIO(), within=60)
    assert network.resolved == ["cdn.example"]
    assert network.connected == [(ADDRESS, 443)]
    assert network.secured == ["cdn.example"]
    assert network.connections[0].closed


def test_the_request_has_only_these_headers() -> None:
    network = Network([answer()])
    network.downloader().fetch(URL, BytesIO(), within=60)
    assert network.connections[0].sent.decode().split("\r\n") == [
        "GET /folder/a.png?signature=secret HTTP/1.1",
        "Host: cdn.example",
        f"User-Agent: {USER_AGENT}",
        "Accept: */*",
        "Accept-Encoding: identity",
        "Connection: close",
        "",
        "",
    ]


def test_proxies_and_cookies_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://10.0.0.1:3128")
    there = answer(b"", "302 Found", Location="/b", Set_Cookie="a=b")
    network = Network([there, answer()])
    network.downloader().fetch(URL, BytesIO(), within=60)
    assert network.connected == [(ADDRESS, 443)] * 2
    assert b"ookie" not in network.connections[1].sent


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["169.254.169.254"],
        ["::1"],
        ["::ffff:10.0.0.1"],
        ["fe80::1%2"],
        [ADDRESS, "10.0.0.1"],
        ["10.0.0.1", ADDRESS],
        [ADDRESS] * 9 + ["fd00::1"],
    ],
)
def test_one_private_address_refuses_the_host(addresses: list[str]) -> None:
    network = Network([answer()], names={"cdn.example": addresses})
    with pytest.raises(AddressRefused, match=r"cdn\.example: address is not public"):
        network.downloader().fetch(URL, BytesIO(), within=60)
    assert network.connected == []


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "[64:ff9b::7f00:1]", "169.254.169.254"])
def test_an_address_in_the_url_is_not_resolved(host: str) -> None:
    network = Network([answer()])
    with pytest.raises(AddressRefused, match="not public"):
        network.downloader().fetch(f"https://{host}/a", BytesIO(), within=60)
    assert network.resolved == []
    assert network.connected == []


def test_a_public_address_in_the_url_is_used_as_it_is() -> None:
    network = Network([answer()])
    network.downloader().fetch("https://[2606:4700::1]/a", BytesIO(), within=60)
    assert network.connected == [("2606:4700::1", 443)]
    assert network.secured == ["2606:4700::1"]
    assert b"Host: [2606:4700::1]\r\n" in network.connections[0].sent


def test_a_plain_http_host_may_be_private_but_not_over_https() -> None:
    network = Network([answer()], names={"sim.example": ["127.0.0.1"]})
    downloader = network.downloader(plain_http_hosts=frozenset({"sim.example:9000"}))
    downloader.fetch("http://sim.example:9000/a", BytesIO(), within=60)
    assert network.connected == [("127.0.0.1", 9000)]
    assert network.secured == []
    with pytest.raises(AddressRefused, match="not public"):
        downloader.fetch("https://sim.example/a", BytesIO(), within=60)


def test_at_most_four_addresses_are_tried() -> None:
    addresses = [f"93.184.216.{number}" for number in range(9)]
    network = Network([answer()], names={"cdn.example": addresses}, down=set(addresses[:3]))
    network.downloader().fetch(URL, BytesIO(), within=60)
    assert [address for address, _ in network.connected] == addresses[:4]
    network = Network([answer()], names={"cdn.example": addresses}, down=set(addresses[:4]))
    with pytest.raises(TransferInterrupted, match="ConnectionRefusedError"):
        network.downloader().fetch(URL, BytesIO(), within=60)


@pytest.mark.parametrize("names", [{}, {"cdn.example": []}])
def test_a_name_without_an_address_is_retryable(names: dict[str, list[str]]) -> None:
    with pytest.raises(TransferInterrupted):
        Network([], names=names).downloader().fetch(URL, BytesIO(), within=60)


def test_a_name_that_the_idna_codec_rejects_is_refused() -> None:
    def resolve(_host: str, _port: int) -> Sequence[str]:
        raise UnicodeError("label too long")

    with pytest.raises(AddressRefused):
        ImageDownloader(http=GuardedHttp(resolve=resolve), max_bytes=MAX_BYTES).fetch(
            URL, BytesIO(), within=60
        )


def test_nothing_is_sent_if_the_certificate_is_wrong() -> None:
    network = Network([answer()], handshake_error=SSLCertVerificationError())
    with pytest.raises(TransferInterrupted, match="SSLCertVerificationError"):
        network.downloader().fetch(URL, BytesIO(), within=60)
    assert network.connections[0].sent == b""
    assert network.connections[0].closed


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_a_new_url(status: int) -> None:
    network = Network([redirect("https://other.example/b", status), answer()])
    network.names["other.example"] = ["2606:4700::1"]
    network.downloader().fetch(URL, BytesIO(), within=60)
    assert network.connected == [(ADDRESS, 443), ("2606:4700::1", 443)]
    assert network.secured == ["cdn.example", "other.example"]
    assert network.connections[0].closed
    assert network.connections[1].sent.startswith(b"GET /b HTTP/1.1\r\nHost: other.example\r\n")


@pytest.mark.parametrize(
    "location",
    [
        "https://inside.example/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://2130706433/",
        "http://cdn.example/",
        "//inside.example/",
        "https://cdn.example:22/",
        "https://user:password@cdn.example/",
        "file:///etc/passwd",
        "\\\\inside.example\\",
    ],
)
def test_a_redirect_is_checked_like_a_url(location: str) -> None:
    network = Network([redirect(location), answer()])
    network.names["inside.example"] = ["10.0.0.1"]
    with pytest.raises(AddressRefused):
        network.downloader().fetch(URL, BytesIO(), within=60)
    assert network.connected == [(ADDRESS, 443)]


def test_three_redirects_are_followed_and_a_fourth_is_not() -> None:
    network = Network([redirect("/b")] * 3 + [answer()])
    network.downloader().fetch(URL, BytesIO(), within=60)
    network = Network([redirect("/b")] * 4 + [answer()])
    with pytest.raises(TransferInterrupted, match="redirects"):
        network.downloader().fetch(URL, BytesIO(), within=60)
    assert len(network.connected) == 4


def test_the_host_is_resolved_again_at_every_redirect() -> None:
    network = Network([redirect("/b"), answer()])
    addresses = iter([[ADDRESS], ["127.0.0.1"]])
    http = replace(network.http(), resolve=lambda _host, _port: next(addresses))
    rebound = ImageDownloader(http=http, max_bytes=MAX_BYTES)
    with pytest.raises(AddressRefused, match="not public"):
        rebound.fetch(URL, BytesIO(), within=60)
    assert network.connected == [(ADDRESS, 443)]


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (403, LinkDead),
        (404, LinkDead),
        (410, LinkDead),
        *((status, LinkDead) for status in (400, 401, 402, 405, 409, 416, 422, 451, 499)),
        *((status, TransferInterrupted) for status in (300, 304, 408, 425, 429)),
        *((status, TransferInterrupted) for status in (500, 502, 503, 504, 522, 999)),
    ],
)
def test_the_status_decides_the_error(status: int, error: type[Exception]) -> None:
    with pytest.raises(error, match=rf"^cdn\.example: answered {status}$"):
        Network([answer(status=f"{status} x")]).downloader().fetch(URL, BytesIO(), within=60)


@pytest.mark.parametrize(
    "response",
    [
        *(answer(status=f"{status} x") for status in (200, 201, 202, 203, 206, 226)),
        answer(status="206 x", Content_Range=f"bytes 0-{len(PNG) - 1}/{len(PNG)}"),
        answer(status="206 x", Content_Range="bytes 0-68/*"),
    ],
)
def test_any_success_that_brings_the_image_is_taken(response: bytes) -> None:
    assert Network([response]).downloader().fetch(URL, BytesIO(), within=60).bytes == len(PNG)


def test_a_part_of_the_image_is_no_image() -> None:
    response = answer(PNG[:50], "206 x", Content_Range=f"bytes 0-49/{len(PNG)}")
    with pytest.raises(TransferInterrupted, match=f"received 50 of {len(PNG)} bytes") as caught:
        Network([response]).downloader().fetch(URL, BytesIO(), within=60)
    assert caught.value.part
    assert caught.value.part.bytes == 50


CHUNKED = b"%x\r\n%b\r\n0\r\n\r\n" % (len(PNG), PNG)


@pytest.mark.parametrize(
    "response",
    [
        answer(Content_Length=str(len(PNG))),
        answer(Content_Type="text/html", Content_Disposition="attachment; filename=a.exe"),
        answer(Content_Encoding="identity"),
        answer(CHUNKED, Transfer_Encoding="chunked"),
        answer(CHUNKED, Transfer_Encoding="chunked", Content_Length="5"),
        answer(PNG + b"next answer", Content_Length=str(len(PNG))),
        b"HTTP/1.1 100 Continue\r\n\r\n" + answer(),
        b"HTTP/1.0 200\r\n\r\n" + PNG,
        answer(PNG, Content_Length="-1"),
        answer(PNG, Content_Length="1e3"),
        answer(PNG, Content_Length="²"),
        answer(PNG, Content_Length="7" * 5000),
        answer(PNG, Content_Length=str(len(PNG) + 1)),
        answer(CHUNKED[:-5], Transfer_Encoding="chunked"),
        *(
            answer(Content_Encoding=name)
            for name in ("", "gzip", "br", "br, identity", "utf-8", "binary", "x-nobody-knows")
        ),
    ],
)
def test_the_body_s_bytes_decide(response: bytes) -> None:
    into = BytesIO()
    Network([response]).downloader().fetch(URL, into, within=60)
    assert into.read() == PNG


@pytest.mark.parametrize(
    ("response", "error"),
    [
        (answer(PNG[:-1], Content_Length="70"), "received 68 of 70 bytes"),
        (answer(PNG[:-1]), "the file is cut"),
        (answer(b""), "empty answer"),
        (answer(b"", "204 No Content"), "empty answer"),
        (answer(CHUNKED[:-20], Transfer_Encoding="chunked"), "IncompleteRead"),
        (answer(b"zz\r\n" + PNG, Transfer_Encoding="chunked"), "IncompleteRead"),
        (b"", "RemoteDisconnected"),
        (b"HTTP/1.1 200 OK\r\nA: " + b"b" * 70000, "LineTooLong"),
        (b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 101 + b"\r\n", "HTTPException"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "BadStatusLine"),
        (b"+PONG\r\n", "BadStatusLine"),
    ],
)
def test_a_broken_answer_is_retryable(response: bytes, error: str) -> None:
    with pytest.raises(TransferInterrupted, match=error):
        Network([response]).downloader().fetch(URL, BytesIO(), within=60)


def test_of_conflicting_content_lengths_none_counts() -> None:
    response = answer(Content_Length=f"{len(PNG)}").replace(
        b"\r\n\r\n", b"\r\nContent-Length: 71\r\n\r\n", 1
    )
    assert Network([response]).downloader().fetch(URL, BytesIO(), within=60).damage == ""


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"<!doctype html>", "an HTML page, not a PNG"),
        (b"<svg/>", "an SVG image, not a PNG"),
        (gzip.compress(b"<!doctype html>", mtime=0), "a gzip file, not a PNG"),
        (zlib.compress(b"<!doctype html>"), "not a PNG"),
        (raw_deflate(b"<!doctype html>"), "not a PNG"),
    ],
)
def test_other_bytes_are_no_image_and_are_handed_over(body: bytes, reason: str) -> None:
    into = BytesIO()
    with pytest.raises(NotAnImage, match=reason) as caught:
        Network([answer(body, Content_Type="image/png")]).downloader().fetch(URL, into, within=60)
    assert into.read() == body
    digest = hashlib.sha256(body).hexdigest()
    assert caught.value.remains == Remains(bytes=len(body), sha256=digest)


@pytest.mark.parametrize("content", WHOLE.values(), ids=WHOLE)
@pytest.mark.parametrize(
    "pack",
    [
        gzip.compress,
        zlib.compress,
        raw_deflate,
        lambda content: raw_deflate(content) + b"trailer",
        lambda content: gzip.compress(content[:100], mtime=0) + gzip.compress(content[100:]),
        lambda content: gzip.compress(content, mtime=0) + b"trailer",
    ],
)
@pytest.mark.parametrize("header", ["gzip", "identity", "deflate"])
def test_compression_is_undone(content: bytes, pack: Callable[[bytes], bytes], header: str) -> None:
    into = BytesIO()
    response = answer(pack(content), Content_Encoding=header)
    facts = Network([response]).downloader().fetch(URL, into, within=60)
    assert into.read() == content
    assert (facts.bytes, facts.sha256) == (len(content), hashlib.sha256(content).hexdigest())


def test_an_image_is_not_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    """By chance, its bytes could be deflate as well."""
    monkeypatch.setattr("ringback.images.compression.zlib.decompressobj", None)
    facts = Network([answer(WHOLE["WEBP"])]).downloader().fetch(URL, BytesIO(), within=60)
    assert facts.damage == ""


def test_the_last_bytes_are_unpacked() -> None:
    """Zlib holds them back if its input and its output end at about the same place."""
    content, into = PNG + bytes(READ_SIZE + 9 - len(PNG)), BytesIO()
    stream = zlib.compressobj(6, zlib.DEFLATED, -zlib.MAX_WBITS, 9, zlib.Z_FILTERED)
    packed = stream.compress(content) + stream.flush()
    Network([answer(packed)]).downloader().fetch(URL, into, within=60)
    assert into.read() == content


@pytest.mark.parametrize("pack", [gzip.compress, raw_deflate])
def test_damaged_compression_leaves_a_damaged_image(pack: Callable[[bytes], bytes]) -> None:
    packed = pack(WHOLE["PNG"])
    response = answer(packed[:1500], Content_Length="1500")
    assert Network([response]).downloader().fetch(URL, BytesIO(), within=60).damage


@pytest.mark.parametrize("pack", [gzip.compress, raw_deflate])
def test_what_is_unpacked_has_the_same_limit(pack: Callable[[bytes], bytes]) -> None:
    bomb = pack(WHOLE["PNG"] + bytes(10_000_000))
    with pytest.raises(ImageRefused, match="more than 100000 bytes, unpacked"):
        Network([answer(bomb)]).downloader(max_bytes=100_000).fetch(URL, BytesIO(), within=60)


@pytest.mark.parametrize("tail", [b"\n", bytes(64), b"<script>", PNG])
def test_bytes_behind_the_end_are_kept_and_counted(tail: bytes) -> None:
    into = BytesIO()
    facts = Network([answer(PNG + tail)]).downloader().fetch(URL, into, within=60)
    assert into.read() == PNG + tail
    assert (facts.trailing_bytes, facts.bytes) == (len(tail), len(PNG) + len(tail))


def test_a_damaged_image_says_so() -> None:
    damaged = PNG[:60] + bytes([PNG[60] ^ 1]) + PNG[61:]
    response = answer(damaged, Content_Length=str(len(damaged)))
    facts = Network([response]).downloader().fetch(URL, BytesIO(), within=60)
    assert facts.damage
    assert facts.as_json()["damaged"] is True


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://cdn.example/a b.png", "/a%20b.png"),
        ("https://cdn.example/a.png\n", "/a.png"),
        (" \r\n https://cdn.example/a.png \t", "/a.png"),
        ("https://cdn.example/a.\npng", "/a.png"),
        ("https://cdn.example/a.png?name=red kite&x=%20", "/a.png?name=red%20kite&x=%20"),
        ("https://cdn.example/风筝.png", "/%E9%A3%8E%E7%AD%9D.png"),
        ("https://cdn.example/a\u3000b", "/a%E3%80%80b"),
        ("https://cdn.example/a\ud83d", "/a%EF%BF%BD"),
        ('https://cdn.example/{"a"}|<b>', "/%7B%22a%22%7D%7C%3Cb%3E"),
        ("https://cdn.example\\a\\b?c\\d", "/a/b?c%5Cd"),
        ("https://cdn.example/a.png#part two", "/a.png"),
    ],
)
def test_a_link_is_read_as_browsers_read_it(url: str, path: str) -> None:
    network = Network([answer()])
    network.downloader().fetch(url, BytesIO(), within=60)
    assert network.connections[0].sent.startswith(f"GET {path} HTTP/1.1\r\n".encode())


@pytest.mark.parametrize(
    "url",
    [
        "https://cdn.example \n/a",
        "https://127.0.0.1 /a",
        "https://cdn.example:22\n/a",
        " http://cdn.example/a b",
        "\nhttps://127.0.0.1/a b",
        "https://cdn.example\u3000/a",
        "https://user@cdn.example/a b",
        "cdn.example/a.png",
        "\n",
        "",
    ],
)
def test_a_link_is_guarded_after_it_is_trimmed(url: str) -> None:
    network = Network([answer()], names={"cdn.example": [ADDRESS]})
    with pytest.raises(AddressRefused):
        network.downloader().fetch(url, BytesIO(), within=60)
    assert network.connected == []


def test_a_redirect_may_have_a_blank_in_it() -> None:
    network = Network([redirect("/a b.png"), answer()])
    network.downloader().fetch(URL, BytesIO(), within=60)
    assert network.connections[1].sent.startswith(b"GET /a%20b.png HTTP/1.1\r\n")


def verdict_on(content: bytes) -> Verdict:
    response = answer(content, Content_Length=str(len(content)))
    try:
        facts = Network([response]).downloader().fetch(URL, BytesIO(), within=60)
    except (NotAnImage, TransferInterrupted):
        return Verdict.NO_IMAGE
    return Verdict.PART if facts.damage else Verdict.WHOLE


def test_the_hostile_corpus_is_judged() -> None:
    verdicts = {name: (verdict_on(content), expected) for name, content, expected in corpus()}
    assert len(verdicts) > 600
    parts = {Verdict.PART, Verdict.NO_IMAGE}
    wrong = [
        name for name, both in verdicts.items() if both[0] is not both[1] and set(both) != parts
    ]
    assert wrong == []


@pytest.mark.parametrize("content", WHOLE.values(), ids=WHOLE)
def test_every_format_is_kept_byte_for_byte(content: bytes) -> None:
    into = BytesIO()
    facts = Network([answer(content)]).downloader().fetch(URL, into, within=60)
    assert into.read() == content
    assert (facts.width, facts.height, facts.bytes) == (37, 23, len(content))
    assert facts.content_type == f"image/{facts.extension.replace('jpg', 'jpeg')}"


def test_an_announced_excess_is_refused_without_reading() -> None:
    network = Network([answer(b"", Content_Length="11")])
    with pytest.raises(ImageRefused, match="more than 10 bytes"):
        network.downloader(max_bytes=10).fetch(URL, BytesIO(), within=60)


def test_the_size_cap_is_exact() -> None:
    Network([answer()]).downloader(max_bytes=len(PNG)).fetch(URL, BytesIO(), within=60)
    with pytest.raises(ImageRefused, match="more than"):
        Network([answer()]).downloader(max_bytes=len(PNG) - 1).fetch(URL, BytesIO(), within=60)


@pytest.mark.parametrize(
    "response",
    [
        answer(bytes(90_000)),
        b"HTTP/1.1 200 OK\r\n" + (b"a: " + b"b" * 60_000 + b"\r\n") * 2,
        b"HTTP/1.1 100 Continue\r\n\r\n" * 5_000,
        answer(b"1\r\nx\r\n" * 20_000, Transfer_Encoding="chunked"),
    ],
    ids=["body", "headers", "continues", "chunks"],
)
def test_the_total_time_covers_everything(response: bytes) -> None:
    network = Network([response], seconds_per_step=1)
    with pytest.raises(TransferInterrupted, match="TimeoutError"):
        network.downloader().fetch(URL, BytesIO(), within=5)
    assert network.now <= 6


def test_the_total_time_covers_redirects() -> None:
    network = Network([redirect("/b")] * 2 + [answer()], seconds_per_step=3)
    with pytest.raises(TransferInterrupted, match="TimeoutError"):
        network.downloader().fetch(URL, BytesIO(), within=5)


def test_a_full_disk_is_not_a_network_error() -> None:
    class FullDisk(BytesIO):
        def write(self, _data: object) -> int:
            raise OSError("no space left")

    with pytest.raises(OSError, match="no space left"):
        Network([answer()]).downloader().fetch(URL, FullDisk(), within=60)


@settings(deadline=None)
@given(st.binary(max_size=300), st.sampled_from([b"", b"HTTP/1.1 ", answer(b"")[:-2], answer()]))
def test_any_response_is_accepted_or_refused(rest: bytes, start: bytes) -> None:
    network = Network([start + rest] + [b""] * 9)
    try:
        network.downloader().fetch(URL, BytesIO(), within=60)
    except (AddressRefused, ImageRefused, NotAnImage, LinkDead, TransferInterrupted) as error:
        assert "secret" not in str(error)
    assert all(connection.closed for connection in network.connections)
