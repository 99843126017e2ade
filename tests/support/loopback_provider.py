"""A stub of kie.ai and its CDN on loopback: scripted responses, recorded requests."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

CREATE, RECORD, FRESH, CREDIT = (
    "/api/v1/jobs/createTask",
    "/api/v1/jobs/recordInfo",
    "/api/v1/common/download-url",
    "/api/v1/chat/credit",
)
CUT: Final = (0, b"")


@dataclass(frozen=True)
class ReceivedRequest:
    path: str
    query: str
    headers: dict[str, str]
    body: Any


Answer = tuple[int, bytes] | Callable[[ReceivedRequest], tuple[int, bytes]]


@dataclass
class LoopbackProvider:
    """``answers`` maps a path to a status and a body, or what returns them; other paths get 404.

    ``CUT`` closes the connection without a response.
    """

    address: str = ""
    answers: dict[str, Answer] = field(default_factory=dict)
    requests: list[ReceivedRequest] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    def will_answer(self, path: str, envelope: dict[str, Any], *, status: int = 200) -> None:
        self.answers[path] = (status, json.dumps(envelope).encode())

    def at(self, path: str) -> list[ReceivedRequest]:
        return [each for each in self.requests if each.path == path]


@contextmanager
def a_loopback_provider() -> Iterator[LoopbackProvider]:
    provider = LoopbackProvider()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            path, _, query = self.path.partition("?")
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            request = ReceivedRequest(path, query, headers, json.loads(body) if body else None)
            provider.requests.append(request)
            answer = provider.answers.get(path, (404, b""))
            status, content = answer(request) if callable(answer) else answer
            if not status:
                return
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _answer  # noqa: N815 the server's names

        def log_message(self, format: str, *args: Any) -> None:
            """Log nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        provider.address = f"127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield provider
        finally:
            server.shutdown()
            thread.join()
