"""The real `sam build` and `sam deploy`, pointed at the local AWS."""

import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

from local.deployment import administrator
from local.emulator import REGION
from local.environment import installer_environment
from local.interrupts import Interrupts
from local.paths import BUILD, EMULATOR_PYTHON, ROOT, SAM_PYTHON, UV
from local.processes import Process
from local.waiting import STANDSTILL_SECONDS

STACK_NAME = "ringback"
SOURCE_BUCKET = "ringback-artifacts"
# A build may download packages, and prints nothing meanwhile.
BUILD_STANDSTILL_SECONDS = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sam:
    """Runs SAM for one stack. ``private`` is the stack's folder for logs and temporary files.

    ``source`` has the template: this repository, or a copy of another version of it.
    """

    endpoint_url: str
    private: Path
    interrupts: Interrupts
    source: Path = ROOT

    def build(self) -> Path:
        """Build for this machine's Python and return the folder of the built template.

        The folder is the stack's own: another stack's build may change the one that SAM keeps.
        """
        kept = BUILD if self.source == ROOT else self.source / ".build"
        with exclusively(kept / "lock"):
            command: list[str | Path] = ["build", "--template", self.source / "template.yaml"]
            command += ["--cached", "--parallel", "--cache-dir", kept / "cache"]
            command += ["--build-dir", kept / "artifacts"]
            self._run("sam build", command, standstill=BUILD_STANDSTILL_SECONDS)
            own = self.private / f"artifacts-{token_hex(4)}"
            return Path(shutil.copytree(kept / "artifacts", own))

    def deploy(self, built: Path, parameters: Mapping[str, str]) -> None:
        command: list[str | Path] = ["deploy", "--template-file", built / "template.yaml"]
        command += ["--stack-name", STACK_NAME, "--s3-bucket", SOURCE_BUCKET]
        command += ["--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
        command += ["--no-confirm-changeset", "--no-progressbar", "--parameter-overrides"]
        command += [f"{key}={value}" for key, value in parameters.items()]
        self._run("sam deploy", command)

    def _run(
        self,
        name: str,
        arguments: list[str | Path],
        *,
        standstill: float = STANDSTILL_SECONDS,
    ) -> None:
        # An empty one, in place of what `make deploy` saved for AWS.
        settings = self.private / "samconfig.toml"
        settings.write_text("version = 0.1\n")
        log = self.private / f"{name.replace(' ', '-')}.log"
        command: list[str | Path] = [SAM_PYTHON, "-P", ROOT / "local/run_sam.py"]
        command += [*arguments, "--config-file", settings]
        process = Process(name, command, log=log, interrupts=self.interrupts)
        try:
            process.start(environment=self.environment(), directory=self.source)
            process.wait_until_done(standstill=standstill)
        finally:
            process.stop()

    def environment(self) -> dict[str, str]:
        return installer_environment(self.private, os.environ) | {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "SAM_CLI_TELEMETRY": "0",
            "SAM_CLI_POLL_DELAY": "0.5",
            "__SAM_CLI_APP_DIR": str(self.private),
            "UV": str(UV),
            "LOCAL_PYTHON": str(EMULATOR_PYTHON),
        }


def make_source_bucket(endpoint_url: str) -> None:
    """Create the bucket that SAM uploads to; ``--resolve-s3`` would deploy a second stack."""
    administrator().client("s3", endpoint_url=endpoint_url).create_bucket(
        Bucket=SOURCE_BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION}
    )


@contextmanager
def exclusively(lock: Path) -> Iterator[None]:
    """Hold a lock file; the kernel releases it when the process ends, however it ends."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
