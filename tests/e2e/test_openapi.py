"""Tools of others take the API's description at its word."""

import json
import re
import subprocess
from pathlib import Path
from typing import Final

import httpx
import pytest
from ringback.domain.client_keys import Scope

from local.chosen_stack import stack_of
from local.client_keys import keys_of
from local.deployment import Deployment
from local.openapi.operations import OPERATIONS
from local.paths import ROOT
from tests.e2e.new_keys import known

TOOLS: Final = ROOT / ".local/environments/api_tools/bin"
# A key may be used again with another request, and a job be known already (If-None-Match): that
# is not a fault of the request.
CONFIGURATION: Final = """\
hooks = "hooks.py"

[checks.positive_data_acceptance]
expected-statuses = ["2xx", "304", "401", "403", "404", "409", "422", "429", "5xx"]
"""
# Webhooks need a secret and a receiver, which the description can't give a client. Nor can it say
# that a time must not end before it begins.
HOOKS: Final = """
import re

import schemathesis
from hypothesis import strategies as st

invisible = "\\u115f\\u1160\\u2800\\u3164\\uffa0\\ufffd"
visible = st.characters(categories=["L", "N", "P", "S"], exclude_characters=invisible)
# Hosts that can be public: what a host may be is no matter of a schema.
images = st.from_regex("https://images\\.example/[a-z]{1,40}\\.png", fullmatch=True)
schemathesis.openapi.format("uri", images)
schemathesis.openapi.format("visible-text", st.text(visible, min_size=3))
date = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")

@schemathesis.hook
def before_call(context, case, kwargs):
    if isinstance(case.body, dict):
        case.body.pop("callBackUrl", None)
    since, until = (str((case.query or {}).get(name, "")) for name in ("from", "to"))
    if date.match(since) and date.match(until) and since > until[:10]:
        case.query["to"] = "9999-12-31"
"""
MAKE_A_JOB: Final = """
import sys
from generated.api.jobs import create_job, get_job
from generated.client import AuthenticatedClient
from generated.models.request_bytedance_seedream_v4_text_to_image import (
    RequestBytedanceSeedreamV4TextToImage as Request,
)

url, key = sys.argv[1:]
client = AuthenticatedClient(base_url=url, token=key, raise_on_unexpected_status=True)
request = Request.from_dict(
    {"model": "bytedance/seedream-v4-text-to-image", "input": {"prompt": "A generated client"}}
)
job = create_job.sync(client=client, body=request)
assert get_job.sync(job.job_id, client=client).input_.to_dict()["prompt"] == "A generated client"
print(job.job_id, job.status)
"""


@pytest.fixture(scope="module")
def other_key(deployment: Deployment) -> str:
    """Return the key of a client of its own, whose jobs no other test counts."""
    keys = keys_of(stack_of(deployment))
    return known(deployment, keys.create("tools", list(Scope)))


def run(command: list[str | Path], folder: Path) -> str:
    done = subprocess.run(  # noqa: S603 tools of our own environment
        command,
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "NO_PROXY": "*", "LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert done.returncode == 0, f"{done.stdout[-6000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def test_schemathesis_finds_no_fault(
    deployment: Deployment, other_key: str, tmp_path: Path, *, full_size: bool
) -> None:
    (tmp_path / "schemathesis.toml").write_text(CONFIGURATION)
    (tmp_path / "hooks.py").write_text(HOOKS)
    url = deployment.jobs_api_url
    shown = run(
        [
            *(TOOLS / "schemathesis", "run", f"{url}/openapi.json", "--url", url),
            *("--header", f"Authorization: Bearer {other_key}", "--no-color"),
            *(
                "--phases",
                "examples,fuzzing,stateful",
                "--max-examples",
                "60" if full_size else "6",
            ),
            *("--seed", "20", "--generation-deterministic"),
            *("--exclude-checks", "unsupported_method"),
        ],
        tmp_path,
    )
    # All but the document itself.
    assert re.findall(r"Tested: (\d+)", shown) == [str(len(OPERATIONS) - 1)]


def test_a_generated_client_makes_a_job(
    deployment: Deployment, other_key: str, tmp_path: Path
) -> None:
    description = tmp_path / "openapi.json"
    description.write_text(httpx.get(f"{deployment.jobs_api_url}/openapi.json", timeout=30).text)
    (tmp_path / "client.yaml").write_text(json.dumps({"post_hooks": []}))
    run(
        [
            *(TOOLS / "openapi-python-client", "generate", "--path", description),
            *("--output-path", tmp_path / "generated", "--meta", "none", "--fail-on-warning"),
            *("--config", tmp_path / "client.yaml"),
        ],
        tmp_path,
    )
    python = TOOLS / "python"
    run([python, "-m", "compileall", "-q", "generated"], tmp_path)
    shown = run([python, "-c", MAKE_A_JOB, deployment.jobs_api_url, other_key], tmp_path)
    assert re.fullmatch(r"job_\w{26} accepted\n", shown)
