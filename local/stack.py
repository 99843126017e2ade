"""A whole Ringback on this machine: local AWS, provider simulator, the deployed template."""

import hashlib
import json
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from local.callback_address import PLACEHOLDER, fill_in_callback_address
from local.deployment import Deployment, administrator
from local.emulator import READY_SECONDS, emulator_process, endpoint_url, is_healthy, start_emulator
from local.http_api import wire_http_apis
from local.interrupts import Interrupts
from local.paths import ROOT
from local.plain_http import allow_plain_http
from local.ports import LOOPBACK, Ports, answers
from local.processes import Process
from local.sam import STACK_NAME, Sam, make_source_bucket

# The name that the key of this machine's client goes by, and that dropped jobs belong to.
CLIENT = "local"

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Keys:
    """Made at random for one stack; no key works out of the box."""

    client: str = field(default_factory=lambda: f"rb_{secrets.token_urlsafe(24)}", repr=False)
    kie_api: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)
    kie_hmac: str = field(default_factory=lambda: secrets.token_hex(32), repr=False)
    chanjing_app: str = field(default_factory=lambda: secrets.token_hex(4))
    chanjing: str = field(default_factory=lambda: secrets.token_hex(16), repr=False)


@contextmanager
def local_stack(
    *,
    ports: Ports,
    report: Report = lambda _line: None,
    simulator: Mapping[str, object] | None = None,
    parameters: Mapping[str, str] | None = None,
) -> Iterator[Deployment]:
    """Start everything; afterwards no process, port or file of it is left, however it ends.

    While it is up, SIGTERM and SIGHUP end it as Ctrl-C does, by ``KeyboardInterrupt``.
    ``simulator`` has options of ``python -m local.simulator``, ``parameters`` are the template's,
    both beyond those that a local stack needs.

    Raises ``LocalFailure`` if it cannot start.
    """
    interrupts = Interrupts()
    with interrupts.caught():
        cleanup = ExitStack()
        try:
            ports.require_free()
            start = Start(ports, report, interrupts, cleanup, private_folder(cleanup))
            yield start(simulator=simulator or {}, parameters=parameters or {})
        finally:
            with interrupts.deferred():
                cleanup.close()


@dataclass(frozen=True, slots=True)
class Start:
    """The steps of starting; what each leaves behind is undone by ``cleanup``."""

    ports: Ports
    report: Report
    interrupts: Interrupts
    cleanup: ExitStack
    private: Path

    def __call__(
        self, *, simulator: Mapping[str, object], parameters: Mapping[str, str]
    ) -> Deployment:
        keys = Keys()
        emulator = self._process(emulator_process(self.private / "aws.log", self.interrupts))
        start_emulator(emulator, port=self.ports.aws, private=self.private)
        provider = self._start_simulator(keys, simulator)
        sam = Sam(
            endpoint_url=endpoint_url(self.ports.aws),
            private=self.private,
            interrupts=self.interrupts,
        )
        emulator.wait_until(lambda: is_healthy(self.ports.aws), seconds=READY_SECONDS)
        self.report(f"local AWS is up at {endpoint_url(self.ports.aws)}")
        provider.wait_until(lambda: answers(self.ports.simulator), seconds=READY_SECONDS)
        self.report(f"provider simulator is up at {endpoint_url(self.ports.simulator)}")
        self.report("building template.yaml with SAM")
        built = sam.build()
        self.report("deploying it to the local AWS")
        make_source_bucket(sam.endpoint_url)
        sam.deploy(built, {**self._parameters(), **parameters})
        wire_http_apis(sam.endpoint_url, STACK_NAME)
        outputs = self._outputs()
        fill_in_callback_address(sam.endpoint_url, outputs["CallbackApiId"])
        for name in ("ImagesBucketName", "DropBucketName"):
            allow_plain_http(sam.endpoint_url, outputs[name])
        deployment = self._deployment(outputs, keys)
        put_secrets(deployment)
        self.report(f"deployed; the API is {deployment.jobs_api_url}")
        return deployment

    def _process(self, process: Process) -> Process:
        self.cleanup.callback(process.stop)
        return process

    def _start_simulator(self, keys: Keys, options: Mapping[str, object]) -> Process:
        command: list[str | Path] = [sys.executable, "-m", "local.simulator"]
        command += ["--port", str(self.ports.simulator)]
        command += ["--kie-api-key", keys.kie_api, "--kie-hmac-key", keys.kie_hmac]
        command += ["--chanjing-app-id", keys.chanjing_app]
        command += ["--chanjing-secret-key", keys.chanjing]
        for name, value in options.items():
            command += [f"--{name}", str(value)]
        log = self.private / "simulator.log"
        simulator = self._process(
            Process("The simulator", command, log=log, interrupts=self.interrupts)
        )
        simulator.start(environment={**os.environ, "NO_PROXY": LOOPBACK}, directory=ROOT)
        return simulator

    def _parameters(self) -> dict[str, str]:
        simulator = f"{LOOPBACK}:{self.ports.simulator}"
        return {
            "KieBaseUrl": f"http://{simulator}",
            "ChanjingBaseUrl": f"http://{simulator}/open-api",
            "PlainHttpHosts": simulator,
            "CallbackBaseUrl": api_url(self.ports.aws, PLACEHOLDER),
            "DropClient": CLIENT,
        }

    def _outputs(self) -> dict[str, str]:
        endpoint = endpoint_url(self.ports.aws)
        stacks = administrator().client("cloudformation", endpoint_url=endpoint)
        stack = stacks.describe_stacks(StackName=STACK_NAME)["Stacks"][0]
        return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}

    def _deployment(self, outputs: Mapping[str, str], keys: Keys) -> Deployment:
        return Deployment(
            endpoint_url=endpoint_url(self.ports.aws),
            simulator_url=endpoint_url(self.ports.simulator),
            jobs_api_url=api_url(self.ports.aws, outputs["JobsApiId"]),
            callback_api_url=api_url(self.ports.aws, outputs["CallbackApiId"]),
            images_bucket=outputs["ImagesBucketName"],
            drop_bucket=outputs["DropBucketName"],
            jobs_table=outputs["JobsTableName"],
            submit_queue_url=outputs["SubmitQueueUrl"],
            check_queue_url=outputs["CheckQueueUrl"],
            archive_queue_url=outputs["ArchiveQueueUrl"],
            kie_secret_arn=outputs["KieSecretArn"],
            chanjing_secret_arn=outputs["ChanjingSecretArn"],
            callback_secret_arn=outputs["CallbackSecretArn"],
            client_keys_secret_arn=outputs["ClientKeysSecretArn"],
            client_key=keys.client,
            kie_api_key=keys.kie_api,
            kie_hmac_key=keys.kie_hmac,
            chanjing_app_id=keys.chanjing_app,
            chanjing_secret_key=keys.chanjing,
            logs=self.private,
        )


def put_secrets(deployment: Deployment) -> None:
    vault = administrator().client("secretsmanager", endpoint_url=deployment.endpoint_url)
    digest = hashlib.sha256(deployment.client_key.encode()).hexdigest()
    for arn, value in (
        (deployment.client_keys_secret_arn, {CLIENT: digest}),
        (
            deployment.kie_secret_arn,
            {
                "api_key": deployment.kie_api_key,
                "webhook_hmac_keys": [deployment.kie_hmac_key],
            },
        ),
        (
            deployment.chanjing_secret_arn,
            {
                "app_id": deployment.chanjing_app_id,
                "secret_key": deployment.chanjing_secret_key,
            },
        ),
    ):
        vault.put_secret_value(SecretId=arn, SecretString=json.dumps(value))


def api_url(port: int, api_id: str) -> str:
    """Where the emulator serves an HTTP API's default stage."""
    return f"{endpoint_url(port)}/_aws/execute-api/{api_id}/$default"


def private_folder(cleanup: ExitStack) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="ringback-"))
    cleanup.callback(shutil.rmtree, folder, ignore_errors=True)
    return folder
