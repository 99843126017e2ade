"""An account on a local AWS in which nothing is deployed, and `make deploy` to it."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from local.deploy import ENVIRONMENTS, Files
from local.deployment import administrator
from local.emulator import emulator_process, endpoint_url, is_healthy, start_emulator
from local.interrupts import Interrupts
from local.paths import ROOT
from local.ports import free_ports
from local.sam import Sam

# What `make deploy` runs, with other files.
DEPLOY: Final = (
    "import sys; from pathlib import Path; from local.deploy import Files, main;"
    "built, environments, answers, *words = sys.argv[1:];"
    "files = Files(built=Path(built), environments=Path(environments), answers=Path(answers));"
    "sys.exit(main(['--without-bytecode', *words], files))"
)


@dataclass(frozen=True)
class Account:
    """``files`` is what is to be deployed to it."""

    sam: Sam
    files: Files

    def command(self, *words: str) -> list[str | Path]:
        paths = [self.files.built, self.files.environments, self.files.answers]
        return [sys.executable, "-c", DEPLOY, *paths, *words]

    @property
    def environment(self) -> dict[str, str]:
        return {**self.sam.environment(), "PYTHONPATH": str(ROOT), "TERM": "dumb"}

    def client(self, service: str) -> Any:
        return administrator().client(service, endpoint_url=self.sam.endpoint_url)  # type: ignore[call-overload]

    def stack(self, name: str) -> dict[str, Any]:
        described: dict[str, Any] = self.client("cloudformation").describe_stacks(StackName=name)
        return {**described["Stacks"][0]}

    def deploy(self, environment: str) -> str:
        """Deploy without questions, as a pipeline does; return what was shown."""
        done = subprocess.run(  # noqa: S603
            [str(part) for part in self.command("--environment", environment)],
            env=self.environment,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@contextmanager
def an_account(private: Path) -> Iterator[Account]:
    interrupts, port = Interrupts(), free_ports().aws
    emulator = emulator_process(private / "aws", interrupts)
    (private / "aws").mkdir()
    sam = Sam(endpoint_url=endpoint_url(port), private=private, interrupts=interrupts)
    try:
        start_emulator(emulator, port=port, private=private / "aws", concurrency=1000)
        emulator.wait_until(lambda: is_healthy(port))
        environments = private / "environments.toml"
        environments.write_text(ENVIRONMENTS.read_text())
        answers = private / "answers.toml"
        yield Account(sam, Files(built=sam.build(), environments=environments, answers=answers))
    finally:
        emulator.stop()
