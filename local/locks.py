"""Check offline that the lock files match their sources: ``make locks``.

A lock file matches if it pins every requirement to a version that the requirement allows, every pin
has a hash, and no line names an index. ``make lock UPGRADE=1`` looks for newer versions.
"""

import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from local.paths import ROOT

ENVIRONMENTS = ROOT / "local/environments"
LAYERS = ROOT / "layers/dependencies"
CLIENT = ROOT / "clients/python/pyproject.toml"
PIN = re.compile(r"(?P<name>[\w.-]+)==(?P<version>[^\s;]+)")
URL = re.compile(r"--(?:extra-)?index-url|--find-links|://")


def main() -> int:
    mistakes = list(all_mistakes())
    for mistake in mistakes:
        print(mistake, file=sys.stderr)
    if mistakes:
        print("Regenerate the lock files: make lock", file=sys.stderr)
    return 1 if mistakes else 0


def all_mistakes() -> Iterator[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    runtime = project["project"]["dependencies"]
    groups = project["dependency-groups"]
    dev = [line for line in groups["dev"] if isinstance(line, str)]
    deployed = {
        LAYERS / "requirements.txt": runtime,
        LAYERS / "pictures.txt": groups["pictures"],
    }
    client = tomllib.loads(CLIENT.read_text())["project"]["dependencies"]
    project_lock = ENVIRONMENTS / "project.txt"
    locks = {project_lock: [*runtime, *dev, *groups["pictures"], *client], **deployed} | {
        path.with_suffix(".txt"): path.read_text().splitlines()
        for path in sorted(ENVIRONMENTS.glob("*.in"))
    }
    for path, wanted in locks.items():
        text = path.read_text() if path.exists() else ""
        for mistake in mistakes_in(text, wanted):
            yield f"{path.relative_to(ROOT)}: {mistake}"
    tested = pins(project_lock.read_text())
    for path in deployed:
        for name, version in pins(path.read_text()).items():
            if tested.get(name) != version:
                yield f"{name} {version} is deployed, but {tested.get(name)} is tested"


def mistakes_in(lock: str, wanted: Iterable[str]) -> Iterator[str]:
    pinned = pins(lock)
    for line in wanted:
        requirement = Requirement(line)
        version = pinned.get(canonicalize_name(requirement.name))
        if version is None:
            yield f"{requirement} is not locked"
        elif not requirement.specifier.contains(version, prereleases=True):
            yield f"{requirement} does not allow the locked {version}"
    for entry in entries(lock):
        if URL.search(entry):
            yield f"names an index or an address: {entry.split()[0]}"
        elif "--hash=sha256:" not in entry:
            yield f"{entry.split()[0]} has no hash"


def pins(lock: str) -> Mapping[str, str]:
    """Return the version of each locked package, by its canonical name."""
    found = (PIN.match(entry) for entry in entries(lock))
    return {canonicalize_name(pin["name"]): pin["version"] for pin in found if pin}


def entries(lock: str) -> Iterator[str]:
    """Yield each requirement with its hashes, in one line, without comments."""
    lines = "\n".join(line for line in lock.splitlines() if not line.lstrip().startswith("#"))
    for entry in lines.replace("\\\n", " ").splitlines():
        if entry.strip():
            yield entry.strip()


if __name__ == "__main__":
    sys.exit(main())
