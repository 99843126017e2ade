"""What both transports send, what their failures mean, and how they write what a link gives."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO, Final

import httpx

from ringback_client.errors import NoAnswer, NotConfigured, NotTrusted, UnusableRequest
from ringback_client.local_images import Told
from ringback_client.partial_files import open_at
from ringback_client.settings import Settings
from ringback_client.steps import Answer, Fetch, NotSent, Send, SendForm
from ringback_client.words import untrusted, words_of

TIMEOUT: Final = httpx.Timeout(30.0, connect=10.0)
PARTIAL: Final = 206
AGENT: Final = "ringback-client"
FAILURES: Final = (httpx.HTTPError, httpx.InvalidURL, UnicodeError)
# Nothing of these has been sent. A proxy refuses before it has let anything through.
NOT_SENT: Final = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
# The first one that fits; all others have words of their own.
WORDS: Final[tuple[tuple[type[Exception], str], ...]] = (
    (httpx.ConnectTimeout, "no connection in time"),
    (httpx.TimeoutException, "nothing came in time"),
    (httpx.RemoteProtocolError, "the connection was closed too early"),
    (httpx.DecodingError, "what came cannot be unpacked"),
    (httpx.ReadError, "the connection broke"),
    (httpx.WriteError, "the connection broke"),
)


# A proxy can't reach this machine, and would see the key: here it travels in the clear.
DIRECTLY: Final = {"all://localhost": None, "all://127.0.0.1": None, "all://[::1]": None}
OPTIONS: Final = {"timeout": TIMEOUT, "follow_redirects": False, "mounts": DIRECTLY}


@contextmanager
def configured() -> Iterator[None]:
    """Raise ``NotConfigured`` where variables of the environment make no client of httpx."""
    try:
        yield
    except ImportError as error:
        raise NotConfigured("A SOCKS proxy needs the package `socksio`.") from error
    except OSError as error:
        told = "The certificates that SSL_CERT_FILE or SSL_CERT_DIR names"
        raise NotConfigured(f"{told}: {words_of(error)}.") from error
    except (ValueError, httpx.InvalidURL) as error:
        raise NotConfigured("The API's URL, or a proxy's, is no URL.") from error


def api_options(settings: Settings) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {settings.key}", "User-Agent": AGENT}
    return {
        "base_url": settings.api_url,
        "headers": headers,
        **OPTIONS,
    }


def link_options() -> dict[str, Any]:
    """Links are signed, so the key is not sent with them; the bytes come as they are."""
    headers = {"User-Agent": AGENT, "Accept-Encoding": "identity"}
    return {"headers": headers, **OPTIONS}


def request_of(step: Send) -> dict[str, Any]:
    return {
        "method": step.method,
        "url": step.path,
        "params": dict(step.parameters) or None,
        "headers": dict(step.headers),
        "content": step.body,
    }


def form_of(step: SendForm) -> dict[str, Any]:
    """Return a multipart form, read while it is sent. No name of a file leaves this computer."""
    file = ("file", Told(step.file, step.told), "application/octet-stream")
    return {"method": "POST", "url": step.url, "data": dict(step.fields), "files": {"file": file}}


def answer_of(response: httpx.Response) -> Answer:
    return Answer(response.status_code, lower(response.headers), response.content)


def lower(headers: httpx.Headers) -> Mapping[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def failure_of(error: Exception) -> Exception:
    """Return what a step raises."""
    if isinstance(error, (UnicodeError, httpx.LocalProtocolError)):
        return UnusableRequest("The request has characters that cannot be sent.")
    if why := untrusted(error):
        told = f"The server's certificate is not trusted: {why}."
        return NotTrusted(f"{told} SSL_CERT_FILE may name a file with those of your company.")
    words = next((words for kind, words in WORDS if isinstance(error, kind)), words_of(error))
    kind = NotSent if isinstance(error, NOT_SENT) else NoAnswer
    return kind(f"No answer: {words}.")


def range_of(step: Fetch) -> dict[str, str]:
    return {"Range": f"bytes={step.offset}-"} if step.offset else {}


class Writer:
    """Writes an answer's bytes behind those that the file has, or from its start."""

    def __init__(self, step: Fetch, response: httpx.Response) -> None:
        begins = f"bytes {step.offset}-"
        is_rest = response.status_code == PARTIAL
        is_right_part = response.headers.get("content-range", "").startswith(begins)
        self.is_wanted = response.status_code == httpx.codes.OK or (is_rest and is_right_part)
        self._path = step.path
        self._offset = step.offset if is_rest else 0
        self._left = step.limit - self._offset

    def open(self) -> BinaryIO:
        return open_at(self._path, self._offset)

    def write(self, file: BinaryIO, chunk: bytes) -> bool:
        """Return whether more is wanted: a job says how long its image is."""
        file.write(chunk[: self._left])
        self._left -= len(chunk)
        return self._left > 0
