"""HTTP on loopback: reads requests, writes replies, and breaks connections on request."""

import socket
import ssl
import sys
from contextlib import suppress
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import TCPServer
from tempfile import NamedTemporaryFile
from threading import Lock
from typing import Any, Final
from urllib.parse import urlsplit

from local.certificate import write_certificate
from local.simulator.http_messages import Ending, Handler, Reply, Request

_BODY_LIMIT: Final = 1024 * 1024
_IDLE_SECONDS: Final = 60
# The first byte of a connection, whatever the version (RFC 8446, 5.1).
_TLS_HANDSHAKE: Final = b"\x16"


@cache
def _untrusted() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with NamedTemporaryFile() as pem:
        write_certificate(Path(pem.name), host="localhost", address="127.0.0.1")
        context.load_cert_chain(pem.name)
    return context


class LoopbackServer(ThreadingHTTPServer):
    """Tracks its open connections, so that stopping leaves no thread and no socket behind.

    Whoever speaks TLS to it is shown a certificate that nobody vouches for.
    """

    daemon_threads = False
    request_queue_size = 128

    def __init__(self, port: int, answer: Handler) -> None:
        self.answer = answer
        self._connections: set[socket.socket] = set()
        self._connections_lock = Lock()
        super().__init__(("127.0.0.1", port), _Connection)

    def server_bind(self) -> None:
        # HTTPServer would resolve its own name here, which may query a name server.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.socket.getsockname()[1]

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, address = super().get_request()
        with self._connections_lock:
            self._connections.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        with self._connections_lock:
            self._connections.discard(request)
        super().shutdown_request(request)

    def encrypt(self, connection: socket.socket) -> socket.socket:
        with self._connections_lock:
            self._connections.discard(connection)
            encrypted = _untrusted().wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
            self._connections.add(encrypted)
        try:
            encrypted.do_handshake()
        except OSError:
            self.shutdown_request(encrypted)
            raise
        return encrypted

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), OSError):  # a client may hang up at any time
            super().handle_error(request, client_address)

    def hang_up(self) -> None:
        """Shut down all connections, to wake the threads that wait for their clients."""
        with self._connections_lock:
            for connection in self._connections:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)


class _Connection(BaseHTTPRequestHandler):
    server: LoopbackServer
    protocol_version = "HTTP/1.1"
    server_version = "simulator"
    sys_version = ""
    timeout = _IDLE_SECONDS
    disable_nagle_algorithm = True

    def setup(self) -> None:
        self.request.settimeout(_IDLE_SECONDS)
        if self.request.recv(1, socket.MSG_PEEK) == _TLS_HANDSHAKE:
            self.request = self.server.encrypt(self.request)
        super().setup()

    def finish(self) -> None:
        super().finish()
        if isinstance(self.request, ssl.SSLSocket):
            # The server closes the connection that it knows, which is this one's empty shell.
            self.server.shutdown_request(self.request)

    def _serve(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdecimal():
            self.send_error(411)
            return
        if int(length) > _BODY_LIMIT:
            self.send_error(413)
            return
        try:
            target = urlsplit(self.path)
        except ValueError:
            self.send_error(400)
            return
        request = Request(
            method=self.command,
            path=target.path,
            raw_query=target.query,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(int(length)),
        )
        self._write(self.server.answer(request))

    do_GET = do_HEAD = do_POST = do_DELETE = _serve  # noqa: N815  the names http.server calls

    def _write(self, reply: Reply) -> None:
        if reply.ending is Ending.NOTHING:
            self.close_connection = True
            return
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        if reply.status != 204:
            self.send_header("Content-Type", reply.content_type)
            self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if self.command != "HEAD":
            self._write_body(reply)

    def _write_body(self, reply: Reply) -> None:
        if reply.ending is Ending.HALF_BODY:
            self.close_connection = True
            self.wfile.write(reply.body[: len(reply.body) // 2])
        else:
            self.wfile.write(reply.body)

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: the request log and ``--verbose`` do."""
