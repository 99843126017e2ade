"""The studio in a real browser, from another origin than the API and the buckets."""

from collections.abc import Iterator, Mapping, Sequence
from secrets import token_bytes
from typing import Any, Final

import pytest

from local.browsers.visits import Visitors
from local.deployment import Deployment
from local.drop_bucket import drop, photo, wait_for_summary
from local.jobs_api import JobsApi, connected
from tests.e2e.new_keys import known
from tests.e2e.studio_browser import all_keys, faults_of_access, usual_scopes

MODEL: Final = "bytedance/seedream-v4-text-to-image"
USER, REVOKED = "studio user", "revoked user"
HOSTILE: Final = "<img src=x onerror=document.title='owned'>"
FILE: Final = f"requests/{HOSTILE}.csv"
PROMPTS: Final = ("a red kite", "a green kite", f"a kite {HOSTILE}")
# A queue, two functions and the stream, on a busy machine.
DELETED_MS: Final = 60_000
# Until the page would have shown an answer.
ANSWERED_MS: Final = 300


@pytest.fixture(scope="module")
def keys(deployment: Deployment) -> dict[str, str]:
    """Return keys by client: one has the jobs of this module, the other is to be revoked."""
    made = {name: all_keys(deployment).create(name, usual_scopes()) for name in (USER, REVOKED)}
    return {name: known(deployment, key) for name, key in made.items()}


@pytest.fixture(scope="module")
def api(deployment: Deployment, keys: Mapping[str, str]) -> Iterator[JobsApi]:
    with connected(deployment.jobs_api_url, keys[USER], deployment.live_api_url) as api:
        yield api


@pytest.fixture(scope="module")
def visitors(
    browser: Any, deployment: Deployment, api: JobsApi, keys: Mapping[str, str]
) -> Visitors:
    """Return them when there are pictures to see."""
    # Read while the first tests run.
    drop(deployment, FILE, f"model,input.prompt\n{HOSTILE},a kite\n".encode())
    jobs = [post(api, prompt, tags=[HOSTILE]) for prompt in PROMPTS]
    api.wait_until_final(jobs, with_thumbnails=True)
    return Visitors(browser, deployment.studio_url, keys[USER])


def post(api: JobsApi, prompt: str, *, tags: Sequence[str] = ()) -> str:
    """Post a job and return its id."""
    body = {"model": MODEL, "input": {"prompt": prompt, "image_size": "square"}, "tags": tags}
    return str(api.client.post(f"{api.url}/jobs", json=body).raise_for_status().json()["job_id"])


def test_a_key_that_is_typed_opens_the_pictures_and_is_kept_in_the_tab(visitors: Visitors) -> None:
    with visitors.visit(is_signed_in=False) as visit:
        page = visit.open()
        page.get_by_label("API key").fill(visit.key)
        page.keyboard.press("Enter")
        visit.see("Live")
        visit.picture("a red kite")
        assert visit.key not in page.url
        assert page.evaluate("localStorage.length") == 0
        page.reload()
        visit.picture("a red kite")


def test_a_wrong_key_is_said_to_be_one(visitors: Visitors) -> None:
    """The browser hides why API Gateway refuses it."""
    with visitors.visit(is_signed_in=False) as visit:
        page = visit.open()
        page.get_by_label("API key").fill("rb_nobody-s-key")
        page.keyboard.press("Enter")
        page.get_by_role("alert").get_by_text("unknown, expired or revoked").wait_for()
        assert page.evaluate("sessionStorage.length + localStorage.length") == 0
        visit.expect_trouble("CORS policy|ERR_FAILED|status of 40[13]")


def test_a_new_job_appears_by_itself_and_becomes_its_picture(
    visitors: Visitors, api: JobsApi
) -> None:
    with visitors.visit() as visit:
        visit.open()
        visit.see("Live")
        # What was there before has been read by then.
        visit.picture("a red kite")
        post(api, "a kite of today")
        visit.picture("a kite of today")


def test_the_keyboard_alone_suffices(visitors: Visitors) -> None:
    focused = "document.activeElement.getAttribute('href')"
    with visitors.visit() as visit:
        page = visit.open()
        visit.picture("a red kite")
        for _ in range(30):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.closest('light-table') !== null"):
                break
        first = page.evaluate(focused)
        page.keyboard.press("ArrowRight")
        page.keyboard.press("Enter")
        dialog = page.get_by_role("dialog")
        dialog.get_by_text("SHA-256").wait_for()
        second = page.url
        page.keyboard.press("ArrowLeft")
        page.wait_for_function("before => location.href !== before", arg=second)
        assert page.url.endswith(first)
        page.keyboard.press("Escape")
        dialog.wait_for(state="hidden")
        assert page.evaluate(focused) == first


def test_texts_of_strangers_are_text(visitors: Visitors, deployment: Deployment) -> None:
    """A prompt, a tag, and the name and the cells of a dropped file."""
    with visitors.visit() as visit:
        page = visit.open()
        visit.tile(HOSTILE).click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_text(f"a kite {HOSTILE}").first.wait_for()
        assert dialog.get_by_text(HOSTILE, exact=True).count() >= 1
        assert_nothing_came_alive(page)
    wait_for_summary(deployment, FILE)
    with visitors.visit(key=deployment.client_key) as visit:
        page = visit.open("#/drops")
        page.get_by_role("link", name=FILE).first.click()
        page.get_by_role("heading", name=FILE).wait_for()
        page.get_by_role("rowheader").first.wait_for()
        assert_nothing_came_alive(page)


def assert_nothing_came_alive(page: Any) -> None:
    assert "owned" not in page.title()
    assert page.locator("[onerror], body script").count() == 0


def test_a_job_that_is_deleted_meanwhile_is_said_to_be(visitors: Visitors, api: JobsApi) -> None:
    job_id = post(api, "a kite to be deleted")
    api.wait_until_final([job_id], with_thumbnails=True)
    with visitors.visit() as visit:
        page = visit.open()
        visit.see("Live")
        visit.tile("a kite to be deleted").click()
        dialog = page.get_by_role("dialog")
        dialog.get_by_text("SHA-256").wait_for()
        # What the page asks for when the deletion begins is answered when it is over.
        late = list[Any]()
        before = api.client.get(f"{api.url}/jobs/{job_id}").text
        page.route(f"**/jobs/{job_id}", lambda route: late.append(route))
        api.client.delete(f"{api.url}/jobs/{job_id}").raise_for_status()
        dialog.get_by_text("This job was deleted.").wait_for(timeout=DELETED_MS)
        for route in late:
            route.fulfill(body=before, headers={"access-control-allow-origin": "*"})
        assert late
        page.wait_for_timeout(ANSWERED_MS)
        assert dialog.get_by_text("This job was deleted.").is_visible()
        page.keyboard.press("Escape")
        visit.tile("a kite to be deleted").wait_for(state="detached")
        # The page asks for a job of which it hears, and may be too late.
        visit.allow_trouble("status of 410")


def test_deleting_takes_a_second_thought(visitors: Visitors, api: JobsApi) -> None:
    api.wait_until_final([post(api, "a kite to be thought over")], with_thumbnails=True)
    with visitors.visit() as visit:
        page = visit.open()
        visit.tile("a kite to be thought over").click()
        delete = page.get_by_role("button", name="Delete", exact=True)
        delete.click()
        page.get_by_role("button", name="Cancel", exact=True).click()
        delete.click()
        page.get_by_role("dialog", name="Delete").get_by_role("button", name="Delete").click()
        visit.tile("a kite to be thought over").wait_for(state="detached", timeout=DELETED_MS)
        visit.allow_trouble("status of 410")


def test_a_form_makes_a_picture_of_an_image_that_is_dropped(visitors: Visitors) -> None:
    """It is uploaded to the drop bucket; what is wrong is said beside its field."""
    with visitors.visit() as visit:
        page = visit.open("#/pictures?make=bytedance/seedream-v4-edit")
        form = page.get_by_role("form", name="Make")
        form.get_by_role("button", name="Make it").click()
        form.get_by_text("This is needed.").first.wait_for()
        form.get_by_label("Prompt").fill("as a woodcut of a kite")
        # Bytes that no test has uploaded before.
        content = photo() + token_bytes(8)
        file = {"name": HOSTILE, "mimeType": "image/jpeg", "buffer": content}
        page.locator("input[type=file]").set_input_files([file])
        visit.see("credits")
        form.get_by_role("button", name="Make it").click()
        visit.picture("as a woodcut of a kite")
        assert_nothing_came_alive(page)


def test_a_picture_is_downloaded_with_its_checksum(visitors: Visitors) -> None:
    with visitors.visit() as visit:
        page = visit.open()
        visit.picture("a green kite")
        visit.tile("a green kite").click()
        with page.expect_download() as download:
            page.get_by_role("dialog").get_by_role("button", name="Download").click()
        assert download.value.suggested_filename.endswith((".png", ".jpg", ".webp"))
        visit.see("its checksum is right")


def test_a_broken_line_comes_back_with_what_was_missed(
    visitors: Visitors, api: JobsApi, deployment: Deployment
) -> None:
    with visitors.visit() as visit:
        page = visit.open()
        visit.see("Live")
        page.context.set_offline(True)
        all_keys(deployment).close(USER)
        visit.see("Reconnecting")
        api.wait_until_final([post(api, "a kite that is missed")], with_thumbnails=True)
        page.context.set_offline(False)
        visit.picture("a kite that is missed")
        visit.see("Live")
        visit.expect_trouble("ERR_INTERNET_DISCONNECTED")


def test_a_revoked_key_ends_the_visit_with_a_sentence(
    visitors: Visitors, deployment: Deployment, keys: Mapping[str, str]
) -> None:
    """Keys don't expire by themselves; connections do, and the live line refuses the next one."""
    with visitors.visit(key=keys[REVOKED]) as visit:
        page = visit.open()
        visit.see("Live")
        all_keys(deployment).revoke(REVOKED)
        page.get_by_role("alert").get_by_text("unknown, expired or revoked").wait_for()


def test_everybody_can_use_it(visitors: Visitors) -> None:
    """With a screen reader, little contrast, a phone: axe looks at every view in each form."""
    # Colours that are still changing have another contrast.
    still: dict[str, Any] = {"reduced_motion": "reduce"}
    with visitors.visit(is_signed_in=False, **still) as visit:
        visit.open().get_by_label("API key").wait_for()
        assert faults_of_access(visit) == []
    with visitors.visit(**still) as visit:
        page = visit.open()
        visit.picture("a red kite")
        assert faults_of_access(visit) == []
        visit.tile("a red kite").click()
        page.get_by_role("dialog").get_by_text("SHA-256").wait_for()
        assert faults_of_access(visit) == []
        visit.open("#/drops").get_by_role("heading", name="Drops").wait_for()
        assert faults_of_access(visit) == []
        visit.open("#/account").get_by_role("heading", name="kie").wait_for()
        assert faults_of_access(visit) == []
        visit.open("#/pictures?make=bytedance/seedream-v4-edit")
        page.get_by_role("form", name="Make").get_by_label("Prompt").wait_for()
        assert faults_of_access(visit) == []


def test_it_speaks_chinese_to_who_reads_it(visitors: Visitors) -> None:
    with visitors.visit(locale="zh-CN") as visit:
        page = visit.open()
        visit.picture("a red kite")
        assert page.evaluate("document.documentElement.lang") == "zh-Hans"
        page.get_by_label("语言").select_option("en")
        visit.see("Pictures")
        assert page.evaluate("document.documentElement.lang") == "en"
