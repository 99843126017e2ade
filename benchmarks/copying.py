"""The cost of copying an image, compared with ``curl source | curl -T - sink``.

Ringback's side is the archiver's own path: ``ImageDownloader.fetch`` into a file, then
``ImageBucket.put_image``. Source and sink are on loopback in their own processes, and use TLS for
both sides, as S3 does.
"""

import shutil
import signal
from collections.abc import Sequence
from statistics import median

from benchmarks.copy_servers import SIZES, SLOW_BYTES_PER_SECOND, SLOW_SECONDS
from benchmarks.copy_sides import Bench, Used, a_bench
from benchmarks.results import heading

ROUNDS = 21
LARGEST, MANY = SIZES[-1], 20
JOB_IMAGES, JOB_MEGABYTES, JOB_ROUNDS = 6, 5, 3
MAX_SECONDS = 170


def main() -> None:
    signal.signal(signal.SIGALRM, give_up)
    signal.alarm(MAX_SECONDS)
    print(heading("Copying an image, TLS from the source and to the sink"))
    with a_bench() as bench:
        if shutil.which("curl"):
            compare(bench)
        else:
            print("curl is not installed; comparison skipped.\n")
        report_memory(bench)
        report_jobs(bench)


def compare(bench: Bench) -> None:
    table_head("image", "CPU, ms", "curl", "ratio", "MB/s", "curl", "ratio")
    with bench.worker() as worker:
        for size in SIZES:
            path = f"/{size}"
            ours, curl = medians([(worker.copy(path), bench.curl(path)) for _ in range(ROUNDS)])
            cpu, speed = ours.cpu / curl.cpu, curl.wall / ours.wall
            print(
                f"| {size} MB | {ours.cpu * 1000:.0f} | {curl.cpu * 1000:.0f} | {cpu:.2f}"
                f" | {size / ours.wall:.0f} | {size / curl.wall:.0f} | {speed:.2f} |"
            )
    (start,) = medians([(bench.curl("/byte"),) for _ in range(ROUNDS)])
    print(
        f"\n`curl source | curl -T - sink`, both processes, alternating with Ringback; medians of"
        f" {ROUNDS} rounds.\nCopying one byte takes curl {start.cpu * 1000:.0f} ms of CPU and"
        f" {start.wall * 1000:.0f} ms in all: its start. Ringback's process is warm.\n"
    )


def report_memory(bench: Bench) -> None:
    table_head("in a fresh process", "peak memory, MB")
    for size in SIZES:
        with bench.worker() as worker:
            peaks = [worker.copy(f"/{size}").peak_kb / 1024 for _ in range(MANY)]
        print(f"| one copy of {size} MB | {peaks[0]:.1f} |")
    print(f"| {MANY} copies of {LARGEST} MB | {peaks[-1]:.1f} |\n")


def report_jobs(bench: Bench) -> None:
    slow = f"with {SLOW_SECONDS * 1000:.0f} ms latency and {SLOW_BYTES_PER_SECOND / 1e6:.0f} MB/s"
    table_head(
        f"{JOB_IMAGES} images of {JOB_MEGABYTES} MB", "wall, s", "CPU, s", "two at a time", "CPU, s"
    )
    with bench.worker() as worker:

        def job(folder: str, at_once: int) -> Used:
            return worker.copy(f"{folder}/{JOB_MEGABYTES}", images=JOB_IMAGES, at_once=at_once)

        for name, folder in (("source at full speed", ""), (f"source {slow}", "/slow")):
            one, two = medians([(job(folder, 1), job(folder, 2)) for _ in range(JOB_ROUNDS)])
            print(f"| {name} | {one.wall:.2f} | {one.cpu:.2f} | {two.wall:.2f} | {two.cpu:.2f} |")
    print()


def table_head(*names: str) -> None:
    print(f"| {' | '.join(names)} |\n{'|---' * len(names)}|")


def medians(rounds: Sequence[tuple[Used, ...]]) -> list[Used]:
    return [
        Used(cpu=median(one.cpu for one in side), wall=median(one.wall for one in side))
        for side in zip(*rounds, strict=True)
    ]


def give_up(_signal: int, _frame: object) -> None:
    raise SystemExit(f"Not finished after {MAX_SECONDS} seconds.")


if __name__ == "__main__":
    main()
