"""The commands that `make run` prints for pasting into another terminal."""

import json
import shlex
import sys
from pathlib import Path

from local.deployment import Deployment

BODY = '{"model": "bytedance/seedream-v4-text-to-image", "input": {"prompt": "A blue door"}}'
# The newest job may still be running: it takes the newest one that has an image.
FIRST_URL = (
    "import json, sys; "
    'print(next(job["images"][0]["url"] for job in json.load(sys.stdin)["jobs"] if job["images"]))'
)


def commands(deployment: Deployment, *, source: str) -> dict[str, str]:
    """Return each command by what it does. ``source`` is a dropped file that has jobs."""
    jobs = f"{deployment.jobs_api_url}/jobs"
    # Everything is on this machine, where no proxy can reach it.
    curl = "curl -s --noproxy '*'"
    settings = deployment.client_settings.items()
    export = " ".join(f"{name}={shlex.quote(value)}" for name, value in settings)
    ringback = shlex.quote(str(Path(sys.executable).with_name("ringback")))
    api = f"{curl} -H {shlex.quote(f'Authorization: Bearer {deployment.client_key}')}"
    body = shlex.quote(BODY)
    return {
        "Use the command line (docs/client.md)": f"export {export}; {ringback} list",
        "Post a job": f"{api} -d {body} {shlex.quote(jobs)}",
        "List all jobs, newest first (one job: add /<job> before the last quote)": (
            f"{api} {shlex.quote(jobs)}"
        ),
        "List the jobs of the dropped sheet": f"{api} {shlex.quote(f'{jobs}?source={source}')}",
        "Estimate what a job would cost": f"{api} -d {body} {shlex.quote(f'{jobs}?dry_run=true')}",
        "Download the newest image": (
            f"{api} {shlex.quote(f'{jobs}?limit=50')} | "
            f"{shlex.quote(sys.executable)} -c {shlex.quote(FIRST_URL)} | "
            f"xargs {curl} -o newest-image"
        ),
        "List the faults of the provider simulator, to rehearse an outage": (
            f"{curl} {shlex.quote(f'{deployment.simulator_url}/_simulator/faults')}"
        ),
    }


def what_to_try(deployment: Deployment, *, source: str) -> str:
    lines = [
        "",
        f"Open the studio in a browser: {deployment.studio_url}",
        f"and give it this key: {deployment.client_key}",
        "",
        "The stack runs until Ctrl-C. Commands to try in another terminal:",
        "",
    ]
    for purpose, command in commands(deployment, source=source).items():
        lines += [f"  {purpose}:", f"    {command}"]
    key = json.dumps({"key": deployment.client_key})
    lines += [
        "",
        f"All routes and fields, to read in a browser: {deployment.jobs_api_url}/docs",
        "",
        f"To follow your jobs live, connect a WebSocket to {deployment.live_api_url}",
        f"and send {key}.",
        "",
        "A fault in a job's prompt applies to that job only: "
        '"A blue door [simulate: no_callback]".',
        "",
    ]
    return "\n".join(lines)
