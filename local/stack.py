"""Ringback on this machine: a local AWS, a provider simulator, and the deployed template."""

import hashlib
import json
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from ringback.aws.receivers import WebhookClientTable
from ringback.domain.client_keys import Scope
from ringback.domain.clock import utc_now
from ringback.domain.receivers import ClientWebhooks

from local.api_addresses import (
    PLACEHOLDER,
    fill_in_addresses,
    live_url,
    studio_origin,
    studio_url,
)
from local.client_keys import with_key
from local.deployment import Deployment, administrator
from local.emulator import emulator_process, endpoint_url, is_healthy, start_emulator
from local.environment import own_environment
from local.event_sources import number_concurrency
from local.http_api import wire_http_apis
from local.interrupts import Interrupts
from local.paths import ROOT
from local.plain_http import allow_plain_http
from local.ports import LOOPBACK, Ports, answers
from local.processes import Process
from local.sam import STACK_NAME, Sam, make_source_bucket
from local.simulator.accounts import Account, new_accounts
from local.webhooks import new_secret

# The name of the only client: its key's name, and the owner of dropped jobs.
CLIENT = "local"
MEMORY = Path("/dev/shm")  # noqa: S108 only a folder of a random name is made there
# A stack takes about a tenth of it.
MEMORY_BYTES = 2 * 1024**3

Report = Callable[[str], None]


@contextmanager
def local_stack(
    *,
    ports: Ports,
    report: Report = lambda _line: None,
    simulator: Mapping[str, object] | None = None,
    parameters: Mapping[str, str] | None = None,
    concurrency: int | None = None,
    source: Path = ROOT,
    through: Sequence[Path] = (),
) -> Iterator[Deployment]:
    """Start everything, and on exit remove every process, port and file of it.

    Meanwhile SIGTERM and SIGHUP raise ``KeyboardInterrupt``, as Ctrl-C does. ``simulator`` has
    options of ``python -m local.simulator``, ``parameters`` are the template's; both are added to
    those that a local stack needs. ``concurrency`` is the account's, for all functions;
    ``source`` is the folder of the template. ``through`` are scripts that change the local AWS.

    Raises ``LocalFailure`` if it cannot start.
    """
    interrupts = Interrupts()
    with interrupts.caught():
        cleanup = ExitStack()
        try:
            ports.require_free()
            private = private_folder(cleanup)
            start = Start(ports, report, interrupts, cleanup, private, source, through)
            yield start(
                simulator=simulator or {}, parameters=parameters or {}, concurrency=concurrency
            )
        finally:
            with interrupts.deferred():
                cleanup.close()


@dataclass(frozen=True, slots=True)
class Start:
    """The steps of starting; ``cleanup`` undoes them in reverse order."""

    ports: Ports
    report: Report
    interrupts: Interrupts
    cleanup: ExitStack
    private: Path
    source: Path
    through: Sequence[Path]

    def __call__(
        self,
        *,
        simulator: Mapping[str, object],
        parameters: Mapping[str, str],
        concurrency: int | None,
    ) -> Deployment:
        accounts = new_accounts()
        emulator = self._process(
            emulator_process(self.private, self.interrupts, through=self.through)
        )
        start_emulator(emulator, port=self.ports.aws, private=self.private, concurrency=concurrency)
        provider = self._start_simulator(accounts, simulator)
        sam = Sam(
            endpoint_url=endpoint_url(self.ports.aws),
            private=self.private,
            interrupts=self.interrupts,
            source=self.source,
        )
        emulator.wait_until(lambda: is_healthy(self.ports.aws))
        self.report(f"local AWS is up at {endpoint_url(self.ports.aws)}")
        provider.wait_until(lambda: answers(self.ports.simulator))
        self.report(f"provider simulator is up at {endpoint_url(self.ports.simulator)}")
        make_source_bucket(sam.endpoint_url)
        outputs = deploy(sam, {**self._parameters(accounts), **parameters}, self.report)
        deployment = self._deployment(outputs, accounts)
        put_secrets(deployment, outputs)
        self.report(f"deployed; the API is {deployment.jobs_api_url}")
        return deployment

    def _process(self, process: Process) -> Process:
        self.cleanup.callback(process.stop)
        return process

    def _start_simulator(
        self, accounts: Sequence[Account], options: Mapping[str, object]
    ) -> Process:
        command: list[str | Path] = [sys.executable, "-m", "local.simulator"]
        command += ["--port", str(self.ports.simulator)]
        credentials = {name: value for each in accounts for name, value in each.options.items()}
        for name, value in {**credentials, **options}.items():
            command += [f"--{name}", str(value)]
        log = self.private / "simulator.log"
        simulator = self._process(
            Process("The simulator", command, log=log, interrupts=self.interrupts)
        )
        simulator.start(environment=own_environment(self.private), directory=ROOT)
        return simulator

    def _parameters(self, accounts: Sequence[Account]) -> dict[str, str]:
        simulator = f"{LOOPBACK}:{self.ports.simulator}"
        base_urls = {each.base_url_parameter: f"http://{simulator}{each.path}" for each in accounts}
        return base_urls | {
            "PlainHttpHosts": simulator,
            "CallbackBaseUrl": api_url(self.ports.aws, PLACEHOLDER),
            "DropClient": CLIENT,
            "AllowedOrigins": studio_origin(self.ports.aws),
        }

    def _deployment(self, outputs: Mapping[str, str], accounts: Sequence[Account]) -> Deployment:
        return Deployment(
            endpoint_url=endpoint_url(self.ports.aws),
            simulator_url=endpoint_url(self.ports.simulator),
            jobs_api_url=api_url(self.ports.aws, outputs["JobsApiId"]),
            callback_api_url=api_url(self.ports.aws, outputs["CallbackApiId"]),
            # Older versions, from which one may upgrade, have none.
            live_api_url=live_url(self.ports.aws, outputs.get("LiveApiId", "")),
            studio_url=studio_url(self.ports.aws, outputs.get("StudioApiId", "")),
            images_bucket=outputs["ImagesBucketName"],
            drop_bucket=outputs["DropBucketName"],
            jobs_table=outputs["JobsTableName"],
            client_key=f"rb_{secrets.token_urlsafe(24)}",
            webhook_secret=new_secret(),
            accounts=accounts,
            logs=self.private,
        )


def deploy(sam: Sam, parameters: Mapping[str, str], report: Report) -> dict[str, str]:
    """Build and deploy a new stack or a new version of it; return the stack's outputs."""
    report("building template.yaml with SAM")
    built = sam.build()
    report("deploying it to the local AWS")
    sam.deploy(built, parameters)
    wire_http_apis(sam.endpoint_url, STACK_NAME)
    number_concurrency(sam.endpoint_url)
    outputs = outputs_of(sam.endpoint_url)
    fill_in_addresses(
        sam.endpoint_url,
        jobs_api_url=api_url(urlsplit(sam.endpoint_url).port or 0, outputs["JobsApiId"]),
        callback_api_id=outputs["CallbackApiId"],
        live_api_id=outputs.get("LiveApiId", ""),
    )
    for name in ("ImagesBucketName", "DropBucketName"):
        allow_plain_http(sam.endpoint_url, outputs[name])
    return outputs


def outputs_of(endpoint: str) -> dict[str, str]:
    stacks = administrator().client("cloudformation", endpoint_url=endpoint)
    stack = stacks.describe_stacks(StackName=STACK_NAME)["Stacks"][0]
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def put_secrets(deployment: Deployment, outputs: Mapping[str, str]) -> None:
    vault = administrator().client("secretsmanager", endpoint_url=deployment.endpoint_url)
    digest = hashlib.sha256(deployment.client_key.encode()).hexdigest()
    # The first form as well, from which one may upgrade; the last one that fits counts.
    values: dict[str, Any] = {
        outputs["ClientKeysSecretArn"]: with_key(
            {CLIENT: digest}, CLIENT, digest, list(Scope), at=utc_now()
        )
    }
    values |= {outputs[each.secret_output]: {**each.secret} for each in deployment.accounts}
    # Older versions, from which one may upgrade, have no webhooks.
    if arn := outputs.get("WebhookSecretArn"):
        values[arn] = {CLIENT: [deployment.webhook_secret]}
        items = administrator().client("dynamodb", endpoint_url=deployment.endpoint_url)
        WebhookClientTable(items, deployment.jobs_table).put(ClientWebhooks(client=CLIENT))
    for arn, value in values.items():
        vault.put_secret_value(SecretId=arn, SecretString=json.dumps(value))


def api_url(port: int, api_id: str) -> str:
    """Return the URL at which the emulator serves an HTTP API's default stage."""
    return f"{endpoint_url(port)}/_aws/execute-api/{api_id}/$default"


def memory_folder() -> Path | None:
    """Return a folder in memory if there is one: a stack writes and removes many small files.

    ``None`` stands for the usual temporary folder, which ``TMPDIR`` chooses.
    """
    if os.environ.get("TMPDIR") or not os.access(MEMORY, os.W_OK | os.X_OK):
        return None
    return MEMORY if shutil.disk_usage(MEMORY).free > MEMORY_BYTES else None


def private_folder(cleanup: ExitStack) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="ringback-", dir=memory_folder()))
    cleanup.callback(shutil.rmtree, folder, ignore_errors=True)
    return folder
