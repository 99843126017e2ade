"""moto's AWS behind a server on loopback, over TLS and with lasting connections."""

import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Final

from botocore.awsrequest import AWSPreparedRequest, HeadersDict
from moto.core.botocore_stubber import BotocoreStubber

SERVICE: Final = re.compile(r"Credential=[^/]+/\d+/(?P<region>[^/]+)/(?P<name>[^/]+)/aws4_request")
# The names that services sign with are those of their addresses, but for one.
API: Final = "w1x2y3z4a5.execute-api"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Otherwise the kernel holds back a body until its head is acknowledged.
    disable_nagle_algorithm = True

    def _answer(self) -> None:
        signed = SERVICE.search(self.headers.get("Authorization", ""))
        if not signed:
            raise ValueError(f"not signed: {self.command} {self.path}")
        name = signed["name"]
        host = f"{API if name == 'execute-api' else name}.{signed['region']}.amazonaws.com"
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers: Any = HeadersDict(dict(self.headers.items()) | {"Host": host})
        url = f"https://{host}{self.path}"
        request = AWSPreparedRequest(self.command, url, headers, body, stream_output=False)
        status, more, content = BotocoreStubber().process_request(request) or (500, {}, b"")
        sent = content.encode() if isinstance(content, str) else content
        length = more.get("content-length", "0") if self.command == "HEAD" else str(len(sent))
        self.send_response(int(status))
        for header, value in more.items():
            if header.lower() not in ("content-length", "date", "server", "connection"):
                self.send_header(header, str(value))
        self.send_header("Content-Length", length)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(sent)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _answer  # noqa: N815 the server's names

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing."""


@contextmanager
def aws_over_tls(certificate: Path) -> Iterator[str]:
    """Serve what the calling process has in moto; yield the URL for ``AWS_ENDPOINT_URL``."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
        server.daemon_threads = True
        Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"https://127.0.0.1:{server.server_port}"
        server.shutdown()
