"""Take pictures of the studio's main views, in light and dark: ``make pictures``."""

import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from PIL import Image
from ringback.domain.client_keys import Scope

from local.browsers.chromium import WITHOUT, install
from local.browsers.running import running
from local.browsers.visits import PHONE, Visit, Visitors
from local.chosen_stack import stack_of
from local.client_keys import keys_of
from local.deployment import Deployment
from local.jobs_api import connected
from local.paths import ROOT
from local.ports import ports_from_environment
from local.run import run_drops, timed_report
from local.stack import CLIENT, local_stack

FOLDER: Final = ROOT / "docs" / "pictures"
MODEL: Final = "bytedance/seedream-v4-text-to-image"
# The simulator draws the prompt; the shapes make a table of them.
SHAPES: Final = ("square", "portrait_4_3", "landscape_16_9", "landscape_4_3", "portrait_16_9")
SUBJECTS: Final = (
    *("A red kite over the sea", "A blue door in the snow", "A fox with a scarf", "A door ajar"),
    *("A harbour at dawn", "Two swallows on a wire", "A lantern in the fog", "A kite at rest"),
    *("A bell in a tower", "A ferry under stars", "An orchard in bloom", "A mill by the river"),
)
# Of a provider that is not asked for them, they are unknown.
KNOWN_CREDITS: Final = re.compile("[0-9] credits left")
QUALITY: Final = 80


def main() -> int:
    program = install({})
    if program is None:
        print(WITHOUT, file=sys.stderr)
        return 1
    report = timed_report()
    with local_stack(ports=ports_from_environment(), report=report) as deployment:
        scopes = [each for each in Scope if each is not Scope.ADMIN]
        # Functions that run notice a new key seconds later.
        key = keys_of(stack_of(deployment)).create(CLIENT, scopes)
        make_jobs(deployment)
        run_drops(deployment, report)
        with running(program) as browser:
            for path in taken(Visitors(browser, deployment.studio_url, key)):
                report(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1024} KB")
    return 0


def make_jobs(deployment: Deployment) -> None:
    url, key = deployment.jobs_api_url, deployment.client_key
    with connected(url, key, deployment.live_api_url) as api:
        jobs = [
            api.submit(MODEL, {"prompt": prompt, "image_size": SHAPES[number % len(SHAPES)]})
            for number, prompt in enumerate(SUBJECTS * 2)
        ]
        api.wait_until_final([job["job_id"] for job in jobs], with_thumbnails=True)


def taken(visitors: Visitors) -> Iterator[Path]:
    for scheme in ("light", "dark"):
        with visitors.visit(color_scheme=scheme) as visit:
            visit.open()
            visit.picture(SUBJECTS[0])
            yield save(visit, f"studio-{scheme}")
            visit.tile(SUBJECTS[0]).click()
            visit.page.get_by_role("dialog").get_by_text("SHA-256").wait_for()
            yield save(visit, f"studio-picture-{scheme}")
            visit.open(f"#/pictures?make={MODEL}")
            form = visit.page.get_by_role("form", name="Make")
            form.get_by_label("Prompt").fill("A red kite over the sea")
            form.get_by_text("credits").first.wait_for()
            yield save(visit, f"studio-make-{scheme}")
            visit.open("#/drops").get_by_role("link", name="requests/doors.csv").wait_for()
            yield save(visit, f"studio-drops-{scheme}")
            visit.open("#/account").get_by_text(KNOWN_CREDITS).wait_for()
            yield save(visit, f"studio-account-{scheme}")
    with visitors.visit(viewport=PHONE) as visit:
        visit.open()
        visit.picture(SUBJECTS[0])
        yield save(visit, "studio-phone")


def save(visit: Visit, name: str) -> Path:
    """Save what is shown as WebP, once all of it is there."""
    page: Any = visit.page
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(500)
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{name}.webp"
    Image.open(io.BytesIO(page.screenshot())).save(path, "WEBP", quality=QUALITY, method=6)
    return path


if __name__ == "__main__":
    sys.exit(main())
