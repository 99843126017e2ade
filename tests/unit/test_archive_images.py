import hashlib
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from io import BytesIO
from typing import Any, BinaryIO, NoReturn

import pytest
from ringback.domain import canary
from ringback.domain.errors import (
    AddressRefused,
    CredentialsRefused,
    ImageRefused,
    LinkDead,
    NotAnImage,
    NotConfigured,
    ProviderUnavailable,
    RingbackError,
    TransferInterrupted,
)
from ringback.domain.images import ImageFacts, Remains, StoredImage
from ringback.domain.jobs import ErrorKind, Job, JobId, JobStatus
from ringback.domain.missing_images import missing_images
from ringback.domain.verdicts import TaskReport
from ringback.use_cases.archive_images import (
    CONFIGURATION_RETRY_SECONDS,
    MAX_START_DELAY,
    ArchiveImages,
)
from ringback.use_cases.fetch_image import MAX_COPY_TIME

from tests.support.in_memory import (
    InMemoryArchiveQueue,
    InMemoryBucket,
    InMemoryJobs,
    InMemoryQueues,
    InMemoryThumbnailQueue,
    InMemoryWeb,
    ScriptedProvider,
)
from tests.support.jobs import NOON, TASK, a_job, a_job_id, a_report, a_stored_image, facts_of

URLS = ("https://cdn.example/1", "https://cdn.example/2", "https://cdn.example/3")


@dataclass
class Archive:
    jobs: InMemoryJobs = field(default_factory=InMemoryJobs)
    queues: InMemoryQueues = field(default_factory=InMemoryQueues)
    provider: ScriptedProvider = field(default_factory=ScriptedProvider)
    web: InMemoryWeb = field(default_factory=InMemoryWeb)
    bucket: InMemoryBucket = field(default_factory=InMemoryBucket)

    now: datetime = NOON
    retry_delays: tuple[int, ...] = (5, 60)
    makes_thumbnails: bool = True

    def __call__(self, *, attempt: int = 1, receives: int = 1) -> Job:
        archive = ArchiveImages(
            jobs=self.jobs,
            images=self.bucket,
            queue=InMemoryArchiveQueue(self.queues),
            thumbnails=InMemoryThumbnailQueue(self.queues) if self.makes_thumbnails else None,
            download=self.web,
            providers={"kie": self.provider.facts},
            clients={"kie": self.provider},
            retry_delays=self.retry_delays,
            now=lambda: self.now,
        )
        return archive(a_job_id(), attempt=attempt, receives=receives)


def an_archive(status: JobStatus = JobStatus.ARCHIVING, *, urls: tuple[str, ...] = URLS) -> Archive:
    archive = Archive()
    job = a_job(status, result_urls=urls, task_id=TASK)
    archive.jobs.create(
        replace(job, queued_at=NOON, running_at=NOON, decided_at=NOON, called_back=True)
    )
    for url in urls:
        archive.web.pages[url] = a_page(url)
    return archive


def a_page(url: str) -> tuple[bytes, ImageFacts]:
    content = b"picture at " + url.encode()
    return content, facts_of(content)


def test_every_image_is_copied_and_the_job_succeeds() -> None:
    archive = an_archive()
    job = archive()
    assert (job.status, job.finished_at) == (JobStatus.SUCCEEDED, NOON)
    keys = [f"images/{a_job_id()}/{number}.png" for number in (1, 2, 3)]
    assert archive.bucket.objects == {
        key: a_page(url)[0] for key, url in zip(keys, URLS, strict=True)
    }
    assert [image.key for image in job.images] == keys
    assert [image.source_url for image in job.images] == list(URLS)


def test_the_record_beside_the_images_tells_how_they_were_made() -> None:
    archive = an_archive()
    job = archive()
    record = archive.bucket.records[job.job_id]
    assert (record["model"], record["task_id"]) == (job.request.model, TASK)
    assert record["input"] == job.request.input
    assert [image["sha256"] for image in record["images"]] == [
        image.facts.sha256 for image in job.images
    ]


def test_a_redelivery_copies_only_what_is_missing() -> None:
    archive = an_archive()
    archive.web.pages[URLS[1]] = TransferInterrupted("reset")
    assert archive().status is JobStatus.ARCHIVING
    archive.web.pages[URLS[1]] = a_page(URLS[1])
    archive.web.fetched.clear()
    assert archive(attempt=2).status is JobStatus.SUCCEEDED
    assert archive.web.fetched == [URLS[1]]


@pytest.mark.parametrize(("method", "receives"), [("add_images", 2), ("move", 1)])
def test_a_crash_before_images_are_recorded_is_healed(method: str, receives: int) -> None:
    archive = an_archive(urls=URLS[:2])
    write = getattr(archive.jobs, method)
    setattr(archive.jobs, method, None)
    with pytest.raises(TypeError):
        archive(receives=receives)
    setattr(archive.jobs, method, write)
    assert archive(receives=receives + 1).status is JobStatus.SUCCEEDED
    assert len(archive.bucket.objects) == 2


def test_images_are_recorded_together_with_the_success() -> None:
    archive = an_archive()
    recorded = recording_of(archive)
    assert [image.number for image in archive().images] == [1, 2, 3]
    assert recorded == []
    assert archive.jobs.get(a_job_id()).changes == 1


def test_images_that_leave_others_missing_are_recorded_together() -> None:
    archive = an_archive()
    archive.web.pages[URLS[2]] = TransferInterrupted("reset")
    recorded = recording_of(archive)
    assert archive().status is JobStatus.ARCHIVING
    assert recorded == [[1, 2]]
    assert [image.number for image in archive.jobs.get(a_job_id()).images] == [1, 2]


@pytest.mark.parametrize("receives", [1, 2])
def test_where_nothing_was_stored_nothing_is_recorded(receives: int) -> None:
    """DynamoDB refuses a write without an attribute."""
    archive = an_archive()
    archive.web.pages = dict.fromkeys(URLS, TransferInterrupted("reset"))
    recorded = recording_of(archive)
    assert archive(receives=receives).status is JobStatus.ARCHIVING
    assert recorded == []


def test_from_the_second_delivery_on_each_image_is_recorded_at_once() -> None:
    """One of the others may be what crashed the function."""
    archive = an_archive()
    recorded = recording_of(archive)
    assert archive(receives=2).status is JobStatus.SUCCEEDED
    assert recorded == [[1], [2]]


def recording_of(archive: Archive) -> list[list[int]]:
    """Return the numbers of the images of each write that records images only."""
    recorded, add_images = list[list[int]](), archive.jobs.add_images

    def record(job_id: JobId, *images: StoredImage, at: datetime) -> None:
        recorded.append([image.number for image in images])
        add_images(job_id, *images, at=at)

    archive.jobs.add_images = record  # type: ignore[method-assign]
    return recorded


def test_thumbnails_are_asked_for_once_their_images_are_recorded() -> None:
    archive = an_archive(urls=URLS[:1])
    add, seen = InMemoryThumbnailQueue.add, list[int]()

    def added(queue: InMemoryThumbnailQueue, job_id: JobId, numbers: Sequence[int]) -> None:
        seen.append(len(archive.jobs.get(job_id).images))
        add(queue, job_id, numbers)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(InMemoryThumbnailQueue, "add", added)
        archive()
    assert seen == [1]


def test_a_crash_before_thumbnails_are_asked_for_is_healed() -> None:
    archive = an_archive(urls=URLS[:1])
    archive.makes_thumbnails = False
    archive()
    assert archive.queues.thumbnails == []
    archive.makes_thumbnails = True
    assert archive().status is JobStatus.SUCCEEDED
    assert archive.queues.thumbnails == [(a_job_id(), 1)]


def test_the_last_image_of_a_job_that_has_changed_is_not_lost() -> None:
    archive = an_archive(urls=URLS[:1])
    archive.now += timedelta(seconds=1)

    def end_and_resume() -> None:
        for to in (JobStatus.ARCHIVE_FAILED, JobStatus.ARCHIVING):
            before = archive.jobs.get(a_job_id()).status
            at = archive.now + timedelta(seconds=1)
            archive.jobs.move(a_job_id(), expect=[before], to=to, at=at)

    before_the_record_is_put(archive, end_and_resume)
    assert archive().status is JobStatus.ARCHIVING
    assert archive.queues.archive == [(a_job_id(), 1, 30)]
    archive.web.pages[URLS[0]] = LinkDead("404")
    assert archive().status is JobStatus.SUCCEEDED


@pytest.mark.parametrize("problem", [TransferInterrupted("reset"), LinkDead("404")])
def test_a_retryable_problem_is_retried(problem: RingbackError) -> None:
    archive = an_archive()
    archive.web.pages[URLS[0]] = problem
    archive.retry_delays = (5, 60, 900)
    for attempt in (1, 2, 3):
        assert archive(attempt=attempt).status is JobStatus.ARCHIVING
    assert archive.queues.archive == [(a_job_id(), 2, 5), (a_job_id(), 3, 60), (a_job_id(), 4, 900)]


def test_after_the_last_attempt_the_error_names_missing_images() -> None:
    archive = an_archive()
    archive.web.pages[URLS[1]] = TransferInterrupted("reset")
    job = archive(attempt=3)
    assert job.error is not None
    assert (job.status, job.error.kind) == (JobStatus.ARCHIVE_FAILED, ErrorKind.IMAGES_LOST)
    assert job.error.message == "saved 2 of 3 images. image 2: reset"
    assert job.error.may_be_charged
    assert job.error.missing == (2,)
    assert [image.number for image in job.images] == [1, 3]
    assert len(archive.bucket.records[job.job_id]["images"]) == 2


def test_a_refused_image_is_not_retried() -> None:
    archive = an_archive(urls=URLS[:1])
    archive.web.pages[URLS[0]] = ImageRefused("cdn.example: more than 1024 bytes")
    archive.provider.new_links[URLS[0]] = ["https://cdn.example/never requested"]
    assert archive().status is JobStatus.ARCHIVE_FAILED
    assert archive.queues.archive == []
    assert archive.bucket.objects == {}
    assert archive.web.fetched == [URLS[0]]


def test_a_page_instead_of_an_image_gets_a_fresh_link() -> None:
    archive = an_archive(urls=URLS[:1])
    minted, fresh = "https://cdn.example/minted", "https://cdn.example/fresh"
    page = NotAnImage("not an image we keep")
    archive.web.pages = {URLS[0]: page, minted: page, fresh: a_page(fresh)}
    archive.provider.new_links[URLS[0]] = [minted, fresh]
    assert archive().status is JobStatus.SUCCEEDED


PAGE = b"<!doctype html><p>Wait a moment."


def a_page_instead(content: bytes = PAGE, reason: str = "an HTML page") -> tuple[bytes, NotAnImage]:
    digest = hashlib.sha256(content).hexdigest()
    return content, NotAnImage(reason, Remains(bytes=len(content), sha256=digest))


def damaged(url: str, damage: str = "the file is cut") -> tuple[bytes, ImageFacts]:
    content, facts = a_page(url)
    return content, replace(facts, damage=damage)


def a_part(url: str) -> tuple[bytes, TransferInterrupted]:
    content, facts = damaged(url)
    return content, TransferInterrupted("ConnectionResetError", facts)


def key_refused(job: Job, number: int) -> NoReturn:
    raise CredentialsRefused("kie.ai refused its API key")


def attempts_until_it_waits(archive: Archive) -> Job:
    """Process the job's message as often as its attempts are counted, from the first."""
    attempt = 1
    while True:
        before = len(archive.queues.archive)
        job = archive(attempt=attempt)
        if len(archive.queues.archive) == before or archive.queues.archive[-1][1] == attempt:
            return job
        attempt = archive.queues.archive[-1][1]


def quarantined(archive: Archive) -> dict[str, bytes]:
    return {k: v for k, v in archive.bucket.objects.items() if k.startswith("quarantine/")}


def test_a_page_behind_every_link_is_tried_again_and_quarantined_in_the_end() -> None:
    archive = an_archive(urls=URLS[:2])
    archive.web.pages[URLS[0]] = a_page_instead(b"<html>1")
    archive.provider.new_links[URLS[0]] = ["https://cdn.example/dead"]
    assert archive().status is JobStatus.ARCHIVING
    assert archive(attempt=2).status is JobStatus.ARCHIVING
    assert quarantined(archive) == {}
    archive.web.pages[URLS[0]] = a_page_instead()
    job = archive(attempt=3)
    assert job.status is JobStatus.ARCHIVE_FAILED
    assert job.error
    assert job.error.message == "saved 1 of 2 images. image 1: an HTML page"
    (key,) = quarantined(archive)
    assert archive.bucket.objects[key] == PAGE
    assert key.startswith(f"quarantine/{job.job_id}/1-")
    (missing,) = missing_images(job)
    assert missing == archive.bucket.records[job.job_id]["missing_images"][0]
    assert missing == {
        "number": 1,
        "source_url": URLS[0],
        "reason": "an HTML page",
        "quarantined": [
            {
                "key": key,
                "bytes": len(PAGE),
                "sha256": hashlib.sha256(PAGE).hexdigest(),
                "reason": "an HTML page",
            }
        ],
    }


def resume(archive: Archive) -> None:
    archive.jobs.move(
        a_job_id(),
        expect=[JobStatus.ARCHIVE_FAILED],
        to=JobStatus.ARCHIVING,
        at=NOON,
        error=None,
        finished_at=None,
    )


def test_other_bytes_are_quarantined_beside_the_first() -> None:
    archive = an_archive(urls=URLS[:1])
    for page in (b"<html>1", b"<html>2", b"<html>1"):
        archive.web.pages[URLS[0]] = a_page_instead(page)
        job = archive(attempt=3)
        resume(archive)
    assert sorted(quarantined(archive).values()) == [b"<html>1", b"<html>2"]
    assert [kept.key for kept in job.quarantined] == list(quarantined(archive))


def test_a_resumed_job_finds_the_image_behind_its_link() -> None:
    archive = an_archive(urls=URLS[:1])
    archive.web.pages[URLS[0]] = a_page_instead()
    archive(attempt=3)
    resume(archive)
    archive.web.pages[URLS[0]] = a_page(URLS[0])
    job = archive()
    assert job.status is JobStatus.SUCCEEDED
    assert missing_images(job) == []


def test_quarantined_bytes_are_an_image_once_they_are_recognized() -> None:
    archive = an_archive(urls=URLS[:1])
    archive.web.pages[URLS[0]] = a_page_instead(b"a format of tomorrow")
    archive(attempt=3)
    resume(archive)
    archive.web.pages[URLS[0]] = LinkDead("404")
    archive.web.recognized[b"a format of tomorrow"] = facts_of(b"a format of tomorrow")
    job = archive()
    assert job.status is JobStatus.SUCCEEDED
    assert archive.bucket.objects[job.images[0].key] == b"a format of tomorrow"


def test_an_expired_quarantine_changes_nothing() -> None:
    archive = an_archive(urls=URLS[:1])
    archive.web.pages[URLS[0]] = a_page_instead()
    archive(attempt=3)
    archive.bucket.objects.clear()
    resume(archive)
    assert archive(attempt=3).status is JobStatus.ARCHIVE_FAILED


def test_a_quarantine_that_fails_is_no_end() -> None:
    archive = an_archive(urls=URLS[:2])
    archive.web.pages[URLS[0]] = a_page_instead()
    put = archive.bucket.put_quarantined

    def down(*_: object) -> NoReturn:
        raise OSError("S3 is down")

    archive.bucket.put_quarantined = down  # type: ignore[assignment, method-assign]
    with pytest.raises(OSError, match="S3 is down"):
        archive(attempt=3)
    assert archive.jobs.get(a_job_id()).status is JobStatus.ARCHIVING
    archive.bucket.put_quarantined = put  # type: ignore[method-assign]
    assert archive(attempt=3).status is JobStatus.ARCHIVE_FAILED
    assert list(quarantined(archive).values()) == [PAGE]


def test_a_damaged_image_is_replaced_from_a_fresh_link() -> None:
    archive = an_archive(urls=URLS[:1])
    fresh = "https://cdn.example/fresh"
    archive.web.pages = {URLS[0]: damaged(URLS[0]), fresh: a_page(fresh)}
    archive.provider.new_links[URLS[0]] = [fresh]
    job = archive()
    assert (job.status, job.images[0].facts.damage) == (JobStatus.SUCCEEDED, "")
    assert list(archive.bucket.objects.values()) == [a_page(fresh)[0]]


@pytest.mark.parametrize(
    "fresh",
    [None, LinkDead("404"), a_page_instead(), damaged("https://cdn.example/fresh")],
    ids=["none", "dead", "a page", "damaged"],
)
def test_a_damaged_image_is_kept_and_marked_if_there_is_no_better(fresh: Any) -> None:
    archive = an_archive(urls=URLS[:1])
    archive.web.pages = {URLS[0]: damaged(URLS[0])}
    if fresh:
        archive.web.pages["https://cdn.example/fresh"] = fresh
        archive.provider.new_links[URLS[0]] = ["https://cdn.example/fresh"]
    job = archive()
    assert (job.status, job.images[0].facts.damage) == (JobStatus.SUCCEEDED, "the file is cut")
    assert list(archive.bucket.objects.values()) == [damaged(URLS[0])[0]]
    (recorded,) = archive.bucket.records[job.job_id]["images"]
    assert (recorded["damaged"], recorded["damage"]) == (True, "the file is cut")


def test_a_damaged_image_waits_for_a_fresh_link_until_the_last_attempt() -> None:
    archive = an_archive(urls=URLS[:1])
    archive.web.pages = {URLS[0]: damaged(URLS[0])}

    def unavailable(job: Job, number: int) -> NoReturn:
        raise ProviderUnavailable("500")

    archive.provider.fresh_links = unavailable  # type: ignore[method-assign]
    assert archive().status is JobStatus.ARCHIVING
    assert archive(attempt=2).status is JobStatus.ARCHIVING
    assert archive(attempt=3).images[0].facts.damage


def test_a_part_of_an_image_is_kept_only_in_the_last_attempt() -> None:
    archive = an_archive(urls=URLS[:1])
    archive.web.pages = {URLS[0]: a_part(URLS[0])}
    archive.provider.new_links[URLS[0]] = ["https://cdn.example/dead"]
    assert archive(attempt=2).status is JobStatus.ARCHIVING
    assert archive.web.fetched == [URLS[0]]
    job = archive(attempt=3)
    assert (job.status, job.images[0].facts.damage) == (JobStatus.SUCCEEDED, "the file is cut")


@pytest.mark.parametrize("results", list(itertools.permutations(range(4))))
def test_the_best_of_all_links_is_kept(results: tuple[int, ...]) -> None:
    """A damaged image is better than a part of one, and that than other bytes."""
    archive = an_archive(urls=URLS[:1])
    pages = [LinkDead("404"), a_page_instead(), a_part(URLS[0]), damaged(URLS[0], "worse")]
    links = [URLS[0], *(f"https://cdn.example/fresh-{number}" for number in range(3))]
    archive.provider.new_links[URLS[0]] = links[1:]
    archive.web.pages = {
        link: pages[result]  # type: ignore[misc]
        for link, result in zip(links, results, strict=True)
    }
    job = archive(attempt=3)
    assert (job.status, job.images[0].facts.damage) == (JobStatus.SUCCEEDED, "worse")
    assert quarantined(archive) == {}


def test_an_image_that_is_too_large_by_its_fresh_link_is_refused_at_once() -> None:
    archive = an_archive(urls=URLS[:1])
    fresh = "https://cdn.example/fresh"
    archive.web.pages = {URLS[0]: LinkDead("404"), fresh: ImageRefused("more than 1024 bytes")}
    archive.provider.new_links[URLS[0]] = [fresh]
    job = archive()
    assert job.error
    assert job.error.message == "saved 0 of 1 images. image 1: more than 1024 bytes"
    assert missing_images(job)[0]["source_url"] == URLS[0]


@pytest.mark.parametrize(
    "problem",
    [
        TransferInterrupted("cdn.example: answered 500"),
        TransferInterrupted("cdn.example: TimeoutError"),
        LinkDead("cdn.example: answered 400"),
        AddressRefused("cdn.example: address is not public"),
    ],
)
def test_before_copying_gives_up_there_is_a_fresh_link(problem: RingbackError) -> None:
    archive = an_archive(urls=URLS[:1])
    fresh = "https://cdn.example/fresh"
    archive.web.pages = {URLS[0]: problem, fresh: a_page(fresh)}
    archive.provider.new_links[URLS[0]] = [fresh]
    assert archive(attempt=3).status is JobStatus.SUCCEEDED


def test_an_image_without_a_link_keeps_its_number() -> None:
    archive = an_archive(urls=(URLS[0], "", URLS[2]))
    job = archive(attempt=3)
    assert [image.number for image in job.images] == [1, 3]
    assert job.error
    assert job.error.missing == (2,)
    (missing,) = missing_images(job)
    assert (missing["number"], missing["source_url"]) == (2, None)
    assert "" not in archive.web.fetched


def test_a_late_link_is_not_taken_for_two_images() -> None:
    archive = an_archive(urls=("", "", URLS[2]))
    late = "https://cdn.example/late"
    archive.web.pages[late] = a_page(late)
    report = a_report(image_urls=(late, "", URLS[2]))
    archive.provider.fresh_links = partial(of_record, report)  # type: ignore[method-assign]
    archive()
    job = archive(attempt=3)
    assert [image.number for image in job.images] == [1, 3]
    assert job.status is JobStatus.ARCHIVE_FAILED


def test_a_fresh_record_may_have_the_link_that_was_missing() -> None:
    archive = an_archive(urls=(URLS[0], "", URLS[2]))
    archive.web.pages["https://cdn.example/late"] = a_page("https://cdn.example/late")
    report = a_report(image_urls=(URLS[0], "https://cdn.example/late", URLS[2]))
    archive.provider.fresh_links = partial(of_record, report)  # type: ignore[method-assign]
    job = archive()
    assert job.status is JobStatus.SUCCEEDED
    assert [image.number for image in job.images] == [1, 2, 3]


def test_a_dead_link_gets_a_fresh_one_from_the_provider() -> None:
    archive = an_archive(urls=URLS[:1])
    fresh = "https://cdn.example/fresh"
    archive.web.pages = {URLS[0]: LinkDead("404"), fresh: a_page(fresh)}
    archive.provider.new_links[URLS[0]] = [fresh]
    job = archive()
    assert job.status is JobStatus.SUCCEEDED
    assert job.images[0].source_url == URLS[0]


@pytest.mark.parametrize("names", ["kept", "new"])
def test_a_fresh_record_in_any_order_stores_each_picture_once(names: str) -> None:
    """Every set of dead links, and every order of the record that is read for them."""
    for dead in itertools.chain.from_iterable(itertools.combinations(URLS, n) for n in range(4)):
        for order in itertools.permutations(URLS):
            archive = an_archive()
            fresh = {
                url: f"{url}?new" if names == "kept" else f"https://cdn.example/new-{place}"
                for place, url in enumerate(URLS)
            }
            archive.web.pages |= {fresh[url]: a_page(url) for url in URLS}
            archive.web.pages |= {url: LinkDead("404") for url in dead}
            report = a_report(image_urls=tuple(fresh[url] for url in order))
            archive.provider.fresh_links = partial(of_record, report)  # type: ignore[method-assign]
            job = archive()
            assert job.status is JobStatus.SUCCEEDED
            pictures = sorted(archive.bucket.objects.values())
            assert pictures == sorted(a_page(url)[0] for url in URLS), (dead, order)
            if names == "kept":
                assert [image.facts for image in job.images] == [a_page(url)[1] for url in URLS]


def of_record(report: TaskReport, job: Job, number: int) -> tuple[str, ...]:
    return report.other_links(number, known=job.result_urls)


def test_a_picture_that_the_provider_made_twice_is_stored_twice() -> None:
    archive = an_archive(urls=URLS[:2])
    archive.web.pages[URLS[1]] = a_page(URLS[0])
    assert archive().status is JobStatus.SUCCEEDED
    assert list(archive.bucket.objects.values()) == [a_page(URLS[0])[0]] * 2


@pytest.mark.parametrize("problem", [ImageRefused("too large"), key_refused])
def test_a_twin_is_kept_though_no_fresh_link_is_of_use(problem: Any) -> None:
    archive = an_archive(urls=URLS[:2])
    archive.web.pages[URLS[1]] = a_page(URLS[0])
    if problem is key_refused:
        archive.provider.fresh_links = key_refused  # type: ignore[method-assign]
    else:
        archive.web.pages["https://cdn.example/fresh"] = problem
        archive.provider.new_links[URLS[1]] = ["https://cdn.example/fresh"]
    job = attempts_until_it_waits(archive)
    assert job.status is JobStatus.SUCCEEDED
    assert list(archive.bucket.objects.values()) == [a_page(URLS[0])[0]] * 2


def test_a_link_that_the_provider_lists_twice_is_two_images() -> None:
    archive = an_archive(urls=(URLS[0], URLS[0]))
    assert archive().status is JobStatus.SUCCEEDED
    assert archive.web.fetched == [URLS[0], URLS[0]]
    assert len(archive.bucket.objects) == 2


def test_a_fresh_link_to_another_image_of_the_job_does_not_replace_a_lost_one() -> None:
    archive = an_archive(urls=URLS[:2])
    archive.web.pages |= {URLS[1]: LinkDead("404"), "https://cdn.example/x": a_page(URLS[0])}
    archive.provider.new_links[URLS[1]] = ["https://cdn.example/x"]
    job = archive(attempt=3)
    assert job.error is not None
    assert (job.status, job.error.missing) == (JobStatus.ARCHIVE_FAILED, (2,))


def test_a_dead_fresh_link_gets_another_one() -> None:
    archive = an_archive(urls=URLS[:1])
    minted, recorded = "https://cdn.example/minted", "https://cdn.example/recorded"
    archive.web.pages = {URLS[0]: LinkDead("404"), recorded: a_page(recorded)}
    archive.provider.new_links[URLS[0]] = [minted, recorded]
    assert archive().status is JobStatus.SUCCEEDED
    assert archive.web.fetched == [URLS[0], minted, recorded]


def test_an_image_without_a_working_link_is_missing() -> None:
    archive = an_archive(urls=URLS[:1])
    archive.web.pages = {URLS[0]: LinkDead("cdn.example: answered 404")}
    archive.provider.new_links[URLS[0]] = ["https://cdn.example/minted"]
    error = archive(attempt=3).error
    assert error is not None
    assert error.message == (
        "saved 0 of 1 images. image 1: cdn.example: answered 404, "
        "and the provider has no working link"
    )


@pytest.mark.parametrize(
    ("keeps", "until"), [(timedelta(days=14), NOON + timedelta(days=14)), (None, None)]
)
def test_the_error_says_until_when_the_provider_keeps_the_images(
    keeps: timedelta | None, until: datetime | None
) -> None:
    archive = Archive()
    archive.provider.keeps_results = keeps
    archive.jobs.create(a_job(JobStatus.ARCHIVING, result_urls=URLS, submitted_at=NOON))
    archive.now = NOON + timedelta(days=1)
    error = archive(attempt=3).error
    assert error is not None
    assert (error.missing, error.kept_until) == ((1, 2, 3), until)


def test_an_image_stored_before_a_crash_is_not_overwritten() -> None:
    archive = an_archive(urls=URLS[:1])
    content, facts = a_page("https://cdn.example/earlier")
    archive.bucket.put_image(a_job_id(), 1, BytesIO(content), facts)
    job = archive()
    assert job.status is JobStatus.SUCCEEDED
    assert archive.bucket.objects == {job.images[0].key: content}
    assert job.images[0].facts == facts


def test_a_deployment_without_thumbnails_sends_no_message() -> None:
    archive = an_archive()
    archive.makes_thumbnails = False
    assert archive().status is JobStatus.SUCCEEDED
    assert archive.queues.thumbnails == []


def test_every_image_without_a_thumbnail_gets_a_message() -> None:
    archive = an_archive()
    archive.web.pages[URLS[2]] = LinkDead("404")
    assert archive(attempt=3).status is JobStatus.ARCHIVE_FAILED
    assert archive.queues.thumbnails == [(a_job_id(), 1), (a_job_id(), 2)]
    archive.jobs.add_thumbnails(a_job_id(), {1: "a key"})
    archive.jobs.move(
        a_job_id(), expect=[JobStatus.ARCHIVE_FAILED], to=JobStatus.ARCHIVING, at=NOON
    )
    archive.web.pages[URLS[2]] = a_page(URLS[2])
    archive.queues.thumbnails.clear()
    assert archive().status is JobStatus.SUCCEEDED
    assert archive.queues.thumbnails == [(a_job_id(), 2), (a_job_id(), 3)]


def test_a_slow_host_leaves_the_rest_to_the_next_attempt() -> None:
    archive = an_archive()
    fetch = archive.web.fetch

    def slowly(url: str, into: BinaryIO, *, within: float) -> ImageFacts:
        archive.now += MAX_START_DELAY / 2
        return fetch(url, into, within=within)

    archive.web.fetch = slowly  # type: ignore[method-assign]
    job = archive()
    assert (job.status, len(archive.bucket.objects)) == (JobStatus.ARCHIVING, 2)
    assert archive(attempt=2).status is JobStatus.SUCCEEDED


def during_fetch(archive: Archive, url: str, happens: Callable[[], object]) -> None:
    """Call ``happens`` once, while that image is downloaded."""
    fetch = archive.web.fetch

    def intercepted(requested: str, into: BinaryIO, *, within: float) -> ImageFacts:
        if requested == url:
            archive.web.fetch = fetch  # type: ignore[method-assign]
            happens()
        return fetch(requested, into, within=within)

    archive.web.fetch = intercepted  # type: ignore[assignment, method-assign]


def before_the_record_is_put(archive: Archive, happens: Callable[[], object]) -> None:
    """Call ``happens`` once, between the last read of the job and the write that ends it."""
    put = archive.bucket.put_record

    def slowly(job_id: JobId, record: dict[str, Any]) -> str:
        archive.bucket.put_record = put  # type: ignore[method-assign]
        happens()
        return put(job_id, record)

    archive.bucket.put_record = slowly  # type: ignore[method-assign]


def test_a_slow_delivery_keeps_the_record_of_a_job_that_has_ended() -> None:
    archive = an_archive(urls=URLS[:2])

    def other_delivery() -> None:
        assert archive().status is JobStatus.SUCCEEDED
        archive.web.pages[URLS[1]] = TransferInterrupted("reset")
        archive.now += timedelta(seconds=1)

    during_fetch(archive, URLS[1], other_delivery)
    assert archive(attempt=3).status is JobStatus.SUCCEEDED
    record = archive.bucket.records[a_job_id()]
    assert record["missing"] == []
    # By then the table has forgotten them.
    times = [record[name] for name in ("queued_at", "running_at", "decided_at", "called_back")]
    assert times == [*[NOON.isoformat()] * 3, True]
    assert archive.queues.thumbnails == [(a_job_id(), 1), (a_job_id(), 2)]


def test_an_image_recorded_by_a_concurrent_delivery_counts() -> None:
    archive = an_archive(urls=URLS[:1])

    def other_delivery() -> None:
        archive.jobs.add_images(a_job_id(), a_stored_image(), at=NOON)
        archive.web.pages[URLS[0]] = TransferInterrupted("reset")

    during_fetch(archive, URLS[0], other_delivery)
    assert archive(attempt=3).status is JobStatus.SUCCEEDED


def test_an_image_stored_but_not_recorded_is_retried() -> None:
    archive = an_archive(urls=URLS[:2])
    archive.now += timedelta(seconds=1)

    def end_and_resume() -> None:
        add_images = archive.jobs.add_images

        def dropped(*_: object, **__: object) -> None:
            archive.jobs.add_images = add_images  # type: ignore[method-assign]

        archive.jobs.add_images = dropped  # type: ignore[method-assign]

    during_fetch(archive, URLS[0], end_and_resume)
    assert archive(receives=2).status is JobStatus.ARCHIVING
    assert archive.queues.archive == [(a_job_id(), 1, 30)]
    assert [image.number for image in archive.jobs.get(a_job_id()).images] == [2]
    assert archive().status is JobStatus.SUCCEEDED


def test_the_record_matches_the_final_job_after_a_race() -> None:
    archive = an_archive(urls=URLS[:2])
    archive.web.pages[URLS[1]] = TransferInterrupted("reset")

    def other_delivery() -> None:
        archive.web.pages[URLS[1]] = a_page(URLS[1])
        assert archive().status is JobStatus.SUCCEEDED

    before_the_record_is_put(archive, other_delivery)
    assert archive(attempt=3).status is JobStatus.SUCCEEDED
    assert archive.bucket.records[a_job_id()]["missing"] == []


def test_after_a_race_the_record_of_a_canary_still_expires() -> None:
    archive = Archive()
    archive.jobs.create(
        a_job(JobStatus.ARCHIVING, result_urls=URLS[:1], task_id=TASK, client=canary.CLIENT)
    )
    archive.web.pages[URLS[0]] = TransferInterrupted("reset")

    def other_delivery() -> None:
        archive.web.pages[URLS[0]] = a_page(URLS[0])
        assert archive().status is JobStatus.SUCCEEDED

    before_the_record_is_put(archive, other_delivery)
    assert archive(attempt=3).status is JobStatus.SUCCEEDED
    image = archive.jobs.get(a_job_id()).images[0].key
    assert {image, f"images/{a_job_id()}/job.json"} == set(archive.bucket.expiring)


def test_an_image_recorded_at_the_last_moment_counts() -> None:
    archive = an_archive(urls=URLS[:2])
    archive.web.pages[URLS[1]] = TransferInterrupted("reset")
    puts: list[list[int]] = []
    put = archive.bucket.put_record

    def record_meanwhile(job_id: JobId, record: dict[str, Any]) -> str:
        puts.append(record["missing"])
        if len(puts) == 1:
            at = NOON + timedelta(seconds=1)
            archive.jobs.add_images(a_job_id(), a_stored_image(2), at=at)
        return put(job_id, record)

    archive.bucket.put_record = record_meanwhile  # type: ignore[method-assign]
    recorded = recording_of(archive)
    assert archive(attempt=3).status is JobStatus.ARCHIVING
    assert recorded == [[1], [2]]
    # The concurrent delivery writes the record; it may be doing so right now.
    assert puts == [[2]]
    # That delivery may also have crashed, so another message is sent.
    assert archive.queues.archive == [(a_job_id(), 1, 30)]
    assert archive().status is JobStatus.SUCCEEDED
    assert archive.bucket.records[a_job_id()]["missing"] == []


def test_a_late_delivery_does_not_end_a_resumed_job() -> None:
    archive = an_archive(urls=URLS[:1])
    archive.web.pages[URLS[0]] = TransferInterrupted("reset")

    def end_and_resume() -> None:
        assert archive(attempt=3).status is JobStatus.ARCHIVE_FAILED
        at = NOON + timedelta(seconds=1)
        archive.jobs.move(
            a_job_id(), expect=[JobStatus.ARCHIVE_FAILED], to=JobStatus.ARCHIVING, at=at
        )

    before_the_record_is_put(archive, end_and_resume)
    assert archive(attempt=3).status is JobStatus.ARCHIVING


def test_a_stored_image_counts_even_if_its_links_are_dead() -> None:
    archive = an_archive(urls=URLS[:2])
    content, facts = a_page(URLS[1])
    archive.bucket.put_image(
        a_job_id(), 2, BytesIO(content), facts
    )  # and crashed before it was recorded
    archive.web.pages[URLS[1]] = LinkDead("404")
    job = archive()
    assert job.status is JobStatus.SUCCEEDED
    assert job.images[1].facts == facts


def test_a_failed_write_does_not_stop_the_other_writes() -> None:
    archive = an_archive()
    add_images = archive.jobs.add_images

    def throttled(job_id: JobId, *images: StoredImage, at: datetime) -> None:
        if images[0].number == 1:
            raise OSError("throttled")
        add_images(job_id, *images, at=at)

    archive.jobs.add_images = throttled  # type: ignore[method-assign]
    with pytest.raises(OSError, match="throttled"):
        archive(receives=2)
    assert [image.number for image in archive.jobs.get(a_job_id()).images] == [2, 3]


def test_a_missing_key_is_waited_for_and_counts_as_no_attempt() -> None:
    archive = an_archive()
    archive.web.pages[URLS[0]] = LinkDead("404")

    def no_links(job: Job, number: int) -> NoReturn:
        raise NotConfigured("no key")

    fresh_links = archive.provider.fresh_links
    archive.provider.fresh_links = no_links  # type: ignore[method-assign]
    for _ in range(12):
        assert archive(attempt=3).status is JobStatus.ARCHIVING
    assert archive.queues.archive == [(a_job_id(), 3, CONFIGURATION_RETRY_SECONDS)] * 12
    assert [image.number for image in archive.jobs.get(a_job_id()).images] == [2, 3]
    archive.provider.fresh_links = fresh_links  # type: ignore[method-assign]
    archive.provider.new_links[URLS[0]] = ["https://cdn.example/fresh"]
    archive.web.pages["https://cdn.example/fresh"] = a_page(URLS[0])
    assert archive(attempt=3).status is JobStatus.SUCCEEDED


@pytest.mark.parametrize("error", [CredentialsRefused("401"), NotConfigured("no key")])
@pytest.mark.parametrize("page", ["damaged", "part", "page"])
def test_what_the_link_gave_is_kept_though_the_key_is_refused(
    page: str, error: NotConfigured
) -> None:
    def no_links(job: Job, number: int) -> NoReturn:
        raise error

    archive = an_archive(urls=URLS[:1])
    pages = {"damaged": damaged(URLS[0]), "part": a_part(URLS[0]), "page": a_page_instead()}
    archive.web.pages[URLS[0]] = pages[page]  # type: ignore[assignment]
    archive.provider.fresh_links = no_links  # type: ignore[method-assign]
    job = attempts_until_it_waits(archive)
    assert [attempt for _, attempt, _ in archive.queues.archive] == [2, 3]
    assert list(archive.bucket.objects.values()) == [pages[page][0]]
    if page == "page":
        assert job.status is JobStatus.ARCHIVE_FAILED
        assert [kept.key for kept in job.quarantined] == list(archive.bucket.objects)
    else:
        assert job.status is JobStatus.SUCCEEDED
        assert job.images[0].facts.damage


def a_bug(job: Job, number: int) -> NoReturn:
    raise KeyError("a bug")


@pytest.mark.parametrize("other", [key_refused, a_bug])
@pytest.mark.parametrize("page", [damaged(URLS[0]), a_part(URLS[0]), a_page_instead()])
def test_an_image_that_cannot_go_on_does_not_cost_what_another_has(
    page: Any, other: Callable[[Job, int], NoReturn]
) -> None:
    """The job waits in its last attempt, and has recorded what the other image's link gave."""
    archive = an_archive(urls=URLS[:2])
    archive.web.pages |= {URLS[0]: page, URLS[1]: LinkDead("404")}

    def links(job: Job, number: int) -> list[str]:
        if number == 2:
            other(job, number)
        raise ProviderUnavailable("500")

    archive.provider.fresh_links = links  # type: ignore[method-assign]
    for attempt in (1, 2, 3):
        if attempt == 3 and other is a_bug:
            with pytest.raises(KeyError):
                archive(attempt=attempt)
        else:
            assert archive(attempt=attempt).status is JobStatus.ARCHIVING
    assert [attempt for _, attempt, _ in archive.queues.archive][:2] == [2, 3]
    job = archive.jobs.get(a_job_id())
    keys = [image.key for image in job.images] + [kept.key for kept in job.quarantined]
    assert (job.status, keys) == (JobStatus.ARCHIVING, list(archive.bucket.objects))
    assert [*archive.bucket.objects.values()] == [page[0]]


def test_bytes_that_are_quarantined_again_are_no_progress() -> None:
    """Otherwise a job that waits for a key would never be given up."""
    archive = an_archive(urls=URLS[:2])
    archive.web.pages[URLS[1]] = LinkDead("404")
    archive.provider.fresh_links = key_refused  # type: ignore[method-assign]
    for number in range(9):
        archive.now = NOON + timedelta(minutes=5 * number)
        archive.web.pages[URLS[0]] = a_page_instead(b"<html>%d" % number)
        job = archive(attempt=3)
    assert (job.status, job.updated_at) == (JobStatus.ARCHIVING, NOON)
    pages = [archive.bucket.objects[kept.key] for kept in job.quarantined]
    assert pages == [b"<html>%d" % number for number in (0, 6, 7, 8)]


def test_quarantined_bytes_are_an_image_though_the_key_is_refused() -> None:
    archive = an_archive(urls=URLS[:1])
    archive.web.pages[URLS[0]] = a_page_instead(b"a format of tomorrow")
    archive(attempt=3)
    resume(archive)
    archive.web.pages[URLS[0]] = LinkDead("404")
    archive.provider.fresh_links = key_refused  # type: ignore[method-assign]
    archive.web.recognized[b"a format of tomorrow"] = facts_of(b"a format of tomorrow")
    assert archive().status is JobStatus.SUCCEEDED


def test_quarantined_bytes_are_recorded_before_the_job_s_record() -> None:
    archive = an_archive(urls=URLS[:1])
    archive.web.pages[URLS[0]] = a_page_instead()

    def denied(*_: object) -> NoReturn:
        raise NotConfigured("S3: AccessDenied")

    archive.bucket.put_record = denied  # type: ignore[assignment, method-assign]
    job = archive(attempt=3)
    assert job.status is JobStatus.ARCHIVING
    assert [kept.key for kept in job.quarantined] == list(archive.bucket.objects)


@pytest.mark.parametrize("method", ["put_image", "put_record"])
def test_a_bucket_that_may_not_be_written_is_waited_for(method: str) -> None:
    archive = an_archive()

    def denied(*_: object) -> NoReturn:
        raise NotConfigured("S3: AccessDenied")

    written = getattr(archive.bucket, method)
    setattr(archive.bucket, method, denied)
    for _ in range(12):
        assert archive(attempt=3).status is JobStatus.ARCHIVING
    assert archive.queues.archive == [(a_job_id(), 3, CONFIGURATION_RETRY_SECONDS)] * 12
    setattr(archive.bucket, method, written)
    assert archive(attempt=3).status is JobStatus.SUCCEEDED


def test_an_unexpected_error_does_not_stop_the_other_images() -> None:
    archive = an_archive()
    archive.web.pages[URLS[0]] = LinkDead("404")

    def no_links(job: Job, number: int) -> NoReturn:
        raise KeyError("a bug")

    archive.provider.fresh_links = no_links  # type: ignore[method-assign]
    with pytest.raises(KeyError):
        archive()
    assert [image.number for image in archive.jobs.get(a_job_id()).images] == [2, 3]


def test_an_s3_slowdown_is_retried() -> None:
    archive = an_archive(urls=URLS[:1])
    put = archive.bucket.put_image

    def busy(*_: object) -> NoReturn:
        raise TransferInterrupted("S3: SlowDown")

    archive.bucket.put_image = busy  # type: ignore[assignment, method-assign]
    assert archive().status is JobStatus.ARCHIVING
    archive.bucket.put_image = put  # type: ignore[method-assign]
    assert archive(attempt=2).status is JobStatus.SUCCEEDED


def test_fresh_links_share_the_time_limit_of_their_image() -> None:
    archive = an_archive(urls=URLS[:1])
    minted, recorded = "https://cdn.example/minted", "https://cdn.example/recorded"
    archive.provider.new_links[URLS[0]] = [minted, recorded]
    given: list[float] = []

    def dead_after_50_seconds(url: str, into: BinaryIO, *, within: float) -> ImageFacts:
        given.append(within)
        archive.now += timedelta(seconds=min(50, within))
        raise LinkDead("403")

    archive.web.fetch = dead_after_50_seconds  # type: ignore[method-assign]
    assert archive(attempt=1).status is JobStatus.ARCHIVING
    assert given == [100, 50]


def test_the_last_attempt_leaves_time_for_a_fresh_link() -> None:
    archive = an_archive(urls=URLS[:1])
    minted, recorded = "https://cdn.example/minted", "https://cdn.example/recorded"
    archive.provider.new_links[URLS[0]] = [minted, recorded]
    given: list[float] = []

    def drips(url: str, into: BinaryIO, *, within: float) -> ImageFacts:
        given.append(within)
        archive.now += timedelta(seconds=within)
        raise TransferInterrupted("TimeoutError")

    archive.web.fetch = drips  # type: ignore[method-assign]
    error = archive(attempt=3).error
    assert error is not None
    assert error.message.endswith("image 1: TimeoutError")
    assert given == [50, 25, 12.5]


def test_no_fresh_link_is_requested_after_the_time_limit() -> None:
    archive = an_archive(urls=URLS[:1])

    def dead_too_late(url: str, into: BinaryIO, *, within: float) -> ImageFacts:
        archive.now += MAX_COPY_TIME
        raise LinkDead("403")

    def asked(job: Job, number: int) -> NoReturn:
        pytest.fail("the provider was asked")

    archive.web.fetch = dead_too_late  # type: ignore[method-assign]
    archive.provider.fresh_links = asked  # type: ignore[method-assign]
    assert archive().status is JobStatus.ARCHIVING


@pytest.mark.parametrize("tries", [1, 2, 3])
def test_slow_images_do_not_starve_the_others(tries: int) -> None:
    urls = tuple(f"https://cdn.example/{number}" for number in range(12))
    archive = an_archive(urls=urls)
    fetch, slow = archive.web.fetch, set(urls[: 4 * (tries - 1)])

    def drips(url: str, into: BinaryIO, *, within: float) -> ImageFacts:
        if url in slow:
            archive.now += MAX_START_DELAY / 4  # two copies run at a time and share the wait
            raise TransferInterrupted("TimeoutError")
        return fetch(url, into, within=within)

    archive.web.fetch = drips  # type: ignore[method-assign]
    for attempt in range(1, tries + 1):
        job = archive(attempt=attempt)
    assert {image.source_url for image in job.images} == set(urls) - slow


@pytest.mark.parametrize("status", sorted(set(JobStatus) - {JobStatus.ARCHIVING}))
def test_a_message_for_a_job_in_another_state_does_nothing(status: JobStatus) -> None:
    archive = an_archive(status)
    assert archive() == archive.jobs.get(a_job_id())
    assert (archive.web.fetched, archive.bucket.objects) == ([], {})
