"""The source and the sink of the copied images, on loopback with TLS.

``python -m benchmarks.copy_servers source|sink PEM`` prints its port and ends when stdin is closed.
"""

import io
import os
import socket
import ssl
import sys
import time
from collections.abc import Callable
from functools import partial
from math import isqrt
from threading import Thread
from typing import BinaryIO, cast

from PIL import Image

SIZES = (1, 5, 25)
SLOW_SECONDS, SLOW_BYTES_PER_SECOND = 0.040, 20_000_000
SLOW_PART = 256 * 1024

Serve = Callable[[ssl.SSLSocket, BinaryIO], None]


def main() -> None:
    _, role, pem = sys.argv
    serve: Serve = partial(send_images, bodies()) if role == "source" else take_images
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        print(listening.getsockname()[1], flush=True)
        Thread(target=accept, args=(listening, context, serve), daemon=True).start()
        sys.stdin.read()


def bodies() -> dict[str, bytes]:
    return {"/byte": b"x", **{f"/{size}": noise(size) for size in SIZES}}


def noise(megabytes: int) -> bytes:
    """Make a PNG that cannot be compressed."""
    side = isqrt(megabytes * 1_000_000 // 3)
    content = io.BytesIO()
    image = Image.frombytes("RGB", (side, side), os.urandom(3 * side * side))
    image.save(content, "PNG", compress_level=0)
    return content.getvalue()


def accept(listening: socket.socket, context: ssl.SSLContext, serve: Serve) -> None:
    while True:
        connection, _ = listening.accept()
        Thread(target=converse, args=(connection, context, serve), daemon=True).start()


def converse(connection: socket.socket, context: ssl.SSLContext, serve: Serve) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with context.wrap_socket(connection, server_side=True) as secure:
        serve(secure, cast(BinaryIO, secure.makefile("rb", buffering=1024 * 1024)))


def head(requests: BinaryIO) -> tuple[str, dict[str, str]]:
    """Return the path, empty after the last request, and the headers in lower case."""
    _, _, rest = requests.readline().decode().partition(" ")
    headers = {}
    while line := requests.readline().decode().strip():
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return rest.partition(" ")[0], headers


def send_images(bodies: dict[str, bytes], connection: ssl.SSLSocket, requests: BinaryIO) -> None:
    path, _ = head(requests)
    body = bodies[path.removeprefix("/slow")]
    if is_slow := path.startswith("/slow"):
        time.sleep(SLOW_SECONDS)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
    if is_slow:
        send_slowly(connection, body)
    else:
        connection.sendall(body)


def send_slowly(connection: ssl.SSLSocket, body: bytes) -> None:
    began = time.monotonic()
    for at in range(0, len(body), SLOW_PART):
        time.sleep(max(0.0, began + at / SLOW_BYTES_PER_SECOND - time.monotonic()))
        connection.sendall(body[at : at + SLOW_PART])


def take_images(connection: ssl.SSLSocket, requests: BinaryIO) -> None:
    """Answer PUTs as S3 does, without checking their bodies."""
    while (found := head(requests))[0]:
        headers = found[1]
        if headers.get("expect") == "100-continue":
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        if "content-length" in headers:
            discard(requests, int(headers["content-length"]))
        else:
            discard_chunks(requests)
        checksum = headers.get("x-amz-checksum-sha256")
        echo = f"x-amz-checksum-sha256: {checksum}\r\n" if checksum else ""
        answer = f'HTTP/1.1 200 OK\r\nETag: "0"\r\n{echo}Content-Length: 0\r\n\r\n'
        connection.sendall(answer.encode())


def discard(requests: BinaryIO, count: int) -> None:
    while count:
        part = len(requests.read(min(count, 1024 * 1024)))
        if not part:
            raise EOFError
        count -= part


def discard_chunks(requests: BinaryIO) -> None:
    while size := int(requests.readline(), 16):
        discard(requests, size + 2)
    requests.readline()


if __name__ == "__main__":
    main()
