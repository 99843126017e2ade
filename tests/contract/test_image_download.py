"""The downloader against a real server on loopback, with and without TLS."""

import hashlib
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from struct import pack
from tempfile import TemporaryFile
from threading import Event, Thread, Timer
from typing import Any, TypeVar

import pytest
from PIL import Image
from ringback.domain.errors import (
    AddressRefused,
    ImageRefused,
    LinkDead,
    NotAnImage,
    TransferInterrupted,
)
from ringback.domain.images import ImageFormat
from ringback.images.download import ImageDownloader
from ringback.outbound.connections import checked_addresses, default_tls_context, resolve_host
from ringback.outbound.guarded_http import GuardedHttp
from ringback.outbound.urls import Target

from local.certificate import write_certificate


def image(kind: str, size: tuple[int, int] = (640, 480)) -> bytes:
    content = BytesIO()
    Image.effect_noise(size, 90).save(content, kind)
    return content.getvalue()


PNG = image("PNG")
MAX_BYTES = 64 * 1024 * 1024
BODIES = {f"/{kind.extension}": image(kind.name) for kind in ImageFormat}
BODIES |= {"/png": PNG, "/html": b"<!doctype html>"}
STATUSES = {"/403": 403, "/404": 404, "/410": 410, "/500": 500, "/503": 503}


class CdnHandler(BaseHTTPRequestHandler):
    server: "Cdn"
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        self.server.asked.append(path)
        if path in BODIES:
            self.answer(BODIES[path])
        elif path in STATUSES:
            self.answer(b"no", STATUSES[path])
        elif path.startswith("/to/"):
            self.answer(b"", 302, Location=path.removeprefix("/to/"))
        else:
            self.close_connection = True
            FAULTS[path](self)

    def answer(self, body: bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in ({"Content_Length": str(len(body))} | headers).items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def short(self) -> None:
        self.answer(PNG[:5000], Content_Length=str(len(PNG)))

    def silent(self) -> None:
        self.server.over.wait(5)

    def stalls(self) -> None:
        self.short()
        self.silent()

    def resets(self) -> None:
        self.short()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, pack("ii", 1, 0))

    def long(self) -> None:
        self.answer(PNG + b"more", Content_Length=str(len(PNG)))

    def drips_headers(self) -> None:
        for _ in range(250):  # five seconds: a client still connected after that had no time limit
            if self.server.over.wait(0.02):
                return
            self.wfile.write(b"x")

    def drips(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        self.drips_headers()

    def endless(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while not self.server.over.is_set():
            self.wfile.write(PNG)

    def log_message(self, format: str, *args: object) -> None:
        """Keep the test's output clean."""


FAULTS = {
    "/short": CdnHandler.short,
    "/silent": CdnHandler.silent,
    "/stalls": CdnHandler.stalls,
    "/resets": CdnHandler.resets,
    "/long": CdnHandler.long,
    "/drips": CdnHandler.drips,
    "/drips-headers": CdnHandler.drips_headers,
    "/endless": CdnHandler.endless,
}


class Cdn(ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), CdnHandler)
        self.asked: list[str] = []
        self.over = Event()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_port}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Print nothing: clients that hang up are expected here."""

    def shutdown_request(self, request: Any) -> None:
        """Close without a shutdown, so that the client gets a reset."""
        self.close_request(request)


AnyCdn = TypeVar("AnyCdn", bound=Cdn)


@contextmanager
def running(server: AnyCdn) -> Iterator[AnyCdn]:
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def cdn() -> Iterator[Cdn]:
    with running(Cdn()) as server:
        yield server


def downloader(cdn: Cdn, max_bytes: int = MAX_BYTES, **settings: Any) -> ImageDownloader:
    http = GuardedHttp(plain_http_hosts=frozenset({cdn.host}), **settings)
    return ImageDownloader(http=http, max_bytes=max_bytes)


@pytest.mark.parametrize("kind", ImageFormat)
def test_the_file_arrives_byte_for_byte(cdn: Cdn, kind: ImageFormat) -> None:
    path = f"/{kind.extension}"
    with TemporaryFile() as into:
        facts = downloader(cdn).fetch(f"http://{cdn.host}{path}", into, within=60)
        content = into.read()
    assert content == BODIES[path]
    assert (facts.content_type, facts.extension) == (kind.content_type, kind.extension)
    assert (facts.width, facts.height, facts.bytes) == (640, 480, len(content))
    assert facts.sha256 == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(
    ("path", "error", "message"),
    [
        ("/403", LinkDead, "answered 403"),
        ("/404", LinkDead, "answered 404"),
        ("/410", LinkDead, "answered 410"),
        ("/500", TransferInterrupted, "answered 500"),
        ("/503", TransferInterrupted, "answered 503"),
        ("/html", NotAnImage, "an HTML page, not a PNG, JPEG, WebP, AVIF or GIF"),
        ("/short", TransferInterrupted, "received [0-9]+ of [0-9]+ bytes"),
        ("/resets", TransferInterrupted, "ConnectionResetError"),
        ("/silent", TransferInterrupted, "TimeoutError"),
        ("/stalls", TransferInterrupted, "TimeoutError"),
        ("/drips", TransferInterrupted, "TimeoutError"),
        ("/drips-headers", TransferInterrupted, "TimeoutError"),
        ("/endless", ImageRefused, "more than 5000000 bytes"),
    ],
)
def test_a_bad_response_has_its_error(
    cdn: Cdn, path: str, error: type[Exception], message: str
) -> None:
    hurried = downloader(cdn, idle_seconds=0.2, max_bytes=5_000_000)
    with TemporaryFile() as into, pytest.raises(error, match=message) as caught:
        hurried.fetch(f"http://{cdn.host}{path}?signature=secret", into, within=0.5)
    assert "secret" not in str(caught.value)


def test_a_stalled_body_times_out(cdn: Cdn) -> None:
    with pytest.raises(TransferInterrupted, match="TimeoutError"):
        downloader(cdn, idle_seconds=0.1).fetch(f"http://{cdn.host}/stalls", BytesIO(), within=60)


def test_nothing_after_the_announced_length_is_read(cdn: Cdn) -> None:
    assert downloader(cdn).fetch(f"http://{cdn.host}/long", BytesIO(), within=60).bytes == len(PNG)


def test_a_redirect_is_followed_by_hand(cdn: Cdn) -> None:
    downloader(cdn).fetch(f"http://{cdn.host}/to//png", BytesIO(), within=60)
    assert cdn.asked == ["/to//png", "/png"]


def test_a_redirect_to_a_private_address_is_not_connected_to(cdn: Cdn) -> None:
    with running(Cdn()) as inside, pytest.raises(AddressRefused, match="plain http"):
        downloader(cdn).fetch(
            f"http://{cdn.host}/to/http://{inside.host}/png", BytesIO(), within=60
        )
    assert inside.asked == []
    with pytest.raises(AddressRefused, match="not public"):
        downloader(cdn).fetch(f"http://{cdn.host}/to/https://127.0.0.1/", BytesIO(), within=60)


def test_a_refused_connection_is_retryable() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(TransferInterrupted, match="ConnectionRefusedError"):
            ImageDownloader(
                http=GuardedHttp(plain_http_hosts=frozenset({host})), max_bytes=MAX_BYTES
            ).fetch(f"http://{host}/", BytesIO(), within=60)


def test_the_default_resolver_finds_this_machine_and_the_guard_refuses_it(cdn: Cdn) -> None:
    host = f"localhost:{cdn.server_port}"
    named = ImageDownloader(
        http=GuardedHttp(plain_http_hosts=frozenset({host})), max_bytes=MAX_BYTES
    )
    assert named.fetch(f"http://{host}/png", BytesIO(), within=60).bytes == len(PNG)
    target = Target(encrypted=True, host="localhost", port=443, path="/")
    with pytest.raises(AddressRefused, match="loopback"):
        checked_addresses(target, resolve_host)


@pytest.fixture(scope="module")
def pem(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pem = tmp_path_factory.mktemp("tls") / "cdn.pem"
    write_certificate(pem, host="cdn.example", address="127.0.0.1")
    return pem


class SecureCdn(Cdn):
    """Serves TLS and records the server name of each client."""

    def __init__(self, pem: Path) -> None:
        super().__init__()
        self.names: list[str | None] = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pem)
        context.sni_callback = lambda _socket, name, _context: self.names.append(name)
        # The handshake runs in the handler's thread, so that a failure does not end the server.
        self.socket = context.wrap_socket(
            self.socket, server_side=True, do_handshake_on_connect=False
        )


@pytest.fixture
def secure_cdn(pem: Path) -> Iterator[SecureCdn]:
    with running(SecureCdn(pem)) as server:
        yield server


def through(cdn: Cdn, connected: list[tuple[str, int]]) -> Callable[..., socket.socket]:
    """Redirect every connection to the local server and record its destination."""

    def connect(address: str, port: int, timeout: float) -> socket.socket:
        connected.append((address, port))
        return socket.create_connection(("127.0.0.1", cdn.server_port), timeout)

    return connect


def test_tls_uses_the_name_and_the_checked_address(secure_cdn: SecureCdn, pem: Path) -> None:
    connected: list[tuple[str, int]] = []
    resolved: list[str] = []
    answers = iter([["93.184.216.34"], ["127.0.0.1"]])

    def resolve(host: str, _port: int) -> list[str]:
        resolved.append(host)
        return next(answers)

    http = GuardedHttp(
        resolve=resolve,
        connect=through(secure_cdn, connected),
        tls_context=lambda: ssl.create_default_context(cafile=str(pem)),
    )
    facts = ImageDownloader(http=http, max_bytes=MAX_BYTES).fetch(
        "https://cdn.example/png", BytesIO(), within=60
    )
    assert facts.sha256 == hashlib.sha256(PNG).hexdigest()
    assert connected == [("93.184.216.34", 443)]
    assert resolved == ["cdn.example"]
    assert secure_cdn.names == ["cdn.example"]


@pytest.mark.parametrize(
    ("host", "trusted"), [("cdn.example", False), ("other.example", True), ("93.184.216.34", True)]
)
def test_an_invalid_certificate_ends_the_connection_before_the_request(
    secure_cdn: SecureCdn, pem: Path, host: str, *, trusted: bool
) -> None:
    context = ssl.create_default_context(cafile=str(pem)) if trusted else default_tls_context()
    with pytest.raises(TransferInterrupted, match="SSLCertVerificationError"):
        ImageDownloader(
            http=GuardedHttp(
                resolve=lambda _host, _port: ["93.184.216.34"],
                connect=through(secure_cdn, []),
                tls_context=lambda: context,
            ),
            max_bytes=MAX_BYTES,
        ).fetch(f"https://{host}/png", BytesIO(), within=60)
    assert secure_cdn.asked == []


@contextmanager
def hanging_up(server: socket.socket, *, after: float) -> Iterator[None]:
    """End the wait of a client without a time limit, with an error that is not its own."""
    timer = Timer(after, server.close)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def test_a_handshake_that_never_completes_times_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute, hanging_up(mute, after=5):
        hurried = ImageDownloader(
            http=GuardedHttp(
                idle_seconds=0.1,
                resolve=lambda _host, _port: ["93.184.216.34"],
                connect=lambda *_: socket.create_connection(mute.getsockname()),
            ),
            max_bytes=MAX_BYTES,
        )
        with pytest.raises(TransferInterrupted, match="TimeoutError"):
            hurried.fetch("https://cdn.example/png", BytesIO(), within=60)


def test_the_default_context_verifies_names_and_is_built_once() -> None:
    context = default_tls_context()
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert default_tls_context() is context
