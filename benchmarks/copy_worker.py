"""Copies images as a warm function does: reads one task per line, prints the resources used.

``python -m benchmarks.copy_worker SOURCE_PORT PEM``; the AWS settings are in the environment.
"""

import json
import resource
import socket
import ssl
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from ringback.aws.image_bucket import ImageBucket
from ringback.domain.jobs import JobId
from ringback.images.download import ImageDownloader
from ringback.outbound.guarded_http import GuardedHttp

HOST = "cdn.example"
PUBLIC_ADDRESS = "93.184.216.34"  # what the address check is given
MAX_BYTES = 64 * 1024 * 1024


class Copier:
    def __init__(self, source_port: int, pem: str) -> None:
        context = ssl.create_default_context(cafile=pem)
        self._bucket = ImageBucket.connect("images")
        self._download = ImageDownloader(
            http=GuardedHttp(
                resolve=lambda _host, _port: [PUBLIC_ADDRESS],
                connect=lambda _address, _port, timeout: socket.create_connection(
                    ("127.0.0.1", source_port), timeout
                ),
                tls_context=lambda: context,
            ),
            max_bytes=MAX_BYTES,
        )

    def copy(self, path: str) -> None:
        with TemporaryFile() as content:
            facts = self._download.fetch(f"https://{HOST}{path}", content, within=60)
            self._bucket.put_image(JobId("job"), 1, content, facts)


def main() -> None:
    copier = Copier(int(sys.argv[1]), sys.argv[2])
    for line in sys.stdin:
        print(json.dumps(measured(copier, **json.loads(line))), flush=True)


def measured(copier: Copier, path: str, images: int, at_once: int) -> dict[str, Any]:
    began, used = time.perf_counter(), cpu_seconds()
    if at_once == 1:
        for _ in range(images):
            copier.copy(path)
    else:
        with ThreadPoolExecutor(at_once) as threads:
            list(threads.map(copier.copy, [path] * images))
    return {
        "cpu": cpu_seconds() - used,
        "wall": time.perf_counter() - began,
        "peak_kb": peak_kilobytes(),
    }


def cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak_kilobytes() -> int:
    """Return the peak from /proc: ru_maxrss starts with that of the parent before exec."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0])


if __name__ == "__main__":
    main()
