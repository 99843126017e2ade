"""The browser of the studio's tests, and what axe says of its pages."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from ringback.domain.client_keys import Scope

from local.browsers.chromium import WITHOUT, chromium
from local.browsers.running import packages, running
from local.browsers.visits import PHONE, WIDE, Visit
from local.chosen_stack import stack_of
from local.client_keys import Keys, keys_of
from local.deployment import Deployment


def found_browser(*, is_ci: bool) -> Iterator[Any]:
    """Yield a running Chromium. Without one the tests are skipped, or fail where CI runs them."""
    program = chromium()
    if program is None:
        (pytest.fail if is_ci else pytest.skip)(WITHOUT)
    with running(program) as browser:
        yield browser


def all_keys(deployment: Deployment) -> Keys:
    return keys_of(stack_of(deployment))


def usual_scopes() -> list[Scope]:
    """Return all but that of an administrator, whose key the page doesn't keep."""
    return [each for each in Scope if each is not Scope.ADMIN]


def faults_of_access(visit: Visit) -> list[str]:
    """Return what axe finds on the page as it is now, on a phone and wide, light and dark."""
    page, found = visit.page, list[str]()
    page.evaluate((packages() / "axe_playwright_python/axe.min.js").read_text())
    for size, scheme in product((PHONE, WIDE), ("dark", "light")):
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=scheme)
        answer = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        found += [
            f"{scheme}: {each['id']}: {each['help']}: {node['html'][:200]}"
            for each in answer["violations"]
            for node in each["nodes"]
        ]
    return found
