"""Deploy what `make build` built to an AWS account: ``make deploy``, or ``make deploy ENV=prod``.

Without an environment SAM asks for each setting, and keeps the answers in a file of their own. An
environment is a table of samconfig.toml; then nothing is asked.
"""

import argparse
import os
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import starmap
from pathlib import Path
from typing import Any, Final

import boto3

from local.failures import LocalFailure
from local.paths import ROOT, SAM
from local.preflight import Finding, Target, preflight

ENVIRONMENTS: Final = ROOT / "samconfig.toml"
ANSWERS: Final = ROOT / "samconfig.answers.toml"
BUILT: Final = ROOT / ".aws-sam/build"
FIRST_ANSWERS: Final = """\
# What was answered to `make deploy`, and what it offers next time.
version = 0.1

[default.deploy.parameters]
stack_name = "ringback"
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """The files that a deployment uses: SAM's build, environments, and answers."""

    built: Path = BUILT
    environments: Path = ENVIRONMENTS
    answers: Path = ANSWERS


def main(words: Sequence[str], files: Files = Files()) -> int:
    parser = argparse.ArgumentParser(prog="python -m local.deploy", description=__doc__)
    parser.add_argument("--environment", default="", help="a table of samconfig.toml (ENV)")
    parser.add_argument(
        "--without-bytecode",
        action="store_true",
        default=os.environ.get("WITHOUT_BYTECODE", "") not in ("", "0"),
        help="deploy although cold starts take twice as long (WITHOUT_BYTECODE=1)",
    )
    parser.add_argument(
        "--few-executions",
        action="store_true",
        default=os.environ.get("FEW_EXECUTIONS", "") not in ("", "0"),
        help="deploy although the account has few Lambda executions, and offer what fits it"
        " (FEW_EXECUTIONS=1)",
    )
    given = parser.parse_args(words)
    try:
        command = sam_command(given.environment, files)
        target = target_of(given.environment, files)
        session = boto3.Session(region_name=target.region)
        findings = preflight(
            session,
            target,
            files.built,
            bytecode=not given.without_bytecode,
            executions=not given.few_executions,
        )
        for finding in findings:
            print(finding, flush=True)
        if any(finding.is_fatal for finding in findings):
            return 1
    except LocalFailure as failure:
        print(f"deploy: {failure}", file=sys.stderr)
        return 1
    if not given.environment:
        command += offered(target, findings)
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def sam_command(environment: str, files: Files) -> list[str]:
    """Return the command of SAM. Raises ``LocalFailure`` for an unknown environment."""
    command = [str(SAM), "deploy", "--template-file", str(files.built / "template.yaml")]
    command += ["--resolve-s3", "--no-fail-on-empty-changeset"]
    command += ["--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
    if environment:
        parameters_of(environment, files)
        command += ["--config-file", str(files.environments), "--config-env", environment]
        return [*command, "--no-confirm-changeset"]
    if not files.answers.exists():
        files.answers.write_text(FIRST_ANSWERS)
    return [*command, "--config-file", str(files.answers), "--guided"]


def offered(target: Target, findings: Iterable[Finding]) -> list[str]:
    """Return the options with which SAM's questions offer what the findings advise."""
    advised = {name: value for each in findings for name, value in each.parameters.items()}
    if not advised:
        return []
    # SAM takes the answers before from its file only if it is given none here.
    values = {**target.parameters, **advised}
    return ["--parameter-overrides", *starmap(quoted, values.items())]


def quoted(name: str, value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'{name}="{escaped}"'


def target_of(environment: str, files: Files) -> Target:
    """Return what the deployment is for, as far as it is known before SAM asks."""
    parameters = parameters_of(environment, files)
    overrides = parameters.get("parameter_overrides", [])
    words = shlex.split(overrides) if isinstance(overrides, str) else overrides
    return Target(
        stack=parameters["stack_name"],
        region=parameters.get("region"),
        parameters={name: value for name, _, value in (word.partition("=") for word in words)},
        is_asked=not environment,
    )


def parameters_of(environment: str, files: Files) -> Mapping[str, Any]:
    """Raise ``LocalFailure`` if there is no such environment."""
    path = files.environments if environment else files.answers
    tables = tomllib.loads(path.read_text())
    known = {
        name for name, table in tables.items() if isinstance(table, dict) and "deploy" in table
    }
    if (environment or "default") not in known:
        raise LocalFailure(
            f"{path.name} has no environment {environment!r}; it has: {', '.join(sorted(known))}"
        )
    parameters: dict[str, Any] = tables[environment or "default"]["deploy"]["parameters"]
    # SAM saves the region that was answered for all its commands.
    whole = tables.get("default", {}).get("global", {}).get("parameters", {})
    return {**whole, **parameters}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
