"""Other versions of Ringback, out of the repository's history, on the local AWS."""

import re
import subprocess
import tarfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Final

from local.deployment import Deployment, administrator
from local.interrupts import Interrupts
from local.sam import STACK_NAME, Sam
from local.stack import CLIENT, deploy
from tests.e2e.chains import functions_of
from tests.support.queue_graph import in_a_loop

if TYPE_CHECKING:
    from types_boto3_secretsmanager.client import SecretsManagerClient

# The last version before jobs were accepted and paid for by two functions.
OLD: Final = "47e65a7726b0436679db17bfd102d359030ce813"
# How many secrets have a value in its template.
OLD_VALUES: Final = 3
REPOSITORY: Final = Path(__file__).parents[2]


def unpack_old_version(folder: Path) -> bool:
    """Return whether this checkout's history has the version; it may be shallow, or no checkout."""
    command = ["git", "-C", str(REPOSITORY), "archive", "--format=tar", OLD]
    archived = subprocess.run(command, capture_output=True, check=False)  # noqa: S603
    if archived.returncode:
        return False
    with tarfile.open(fileobj=BytesIO(archived.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return True


def update(deployment: Deployment, source: Path, parameters: Mapping[str, str]) -> None:
    """Deploy this version over the older one, and put the owner's secrets again (ADR 0024).

    The local AWS empties those whose value is no longer in the template.
    """
    noted = secret_values(deployment)
    redeploy(deployment, source, parameters)
    for arn, value in noted.items():
        if secret_value(deployment, arn) != value:
            vault(deployment).put_secret_value(SecretId=arn, SecretString=value)


def go_back(deployment: Deployment, source: Path, parameters: Mapping[str, str]) -> None:
    """Deploy the older version again, without its values for the owner's secrets (docs/deploy.md).

    With them, the keys would be missing until they are put again, and jobs may expire meanwhile.
    """
    template = source / "template.yaml"
    text, taken_out = re.subn(r"^      SecretString: .*\n", "", template.read_text(), flags=re.M)
    assert taken_out == OLD_VALUES
    template.write_text(text)
    redeploy(deployment, source, parameters)


def redeploy(deployment: Deployment, source: Path, parameters: Mapping[str, str]) -> None:
    """Deploy another version over the one that runs."""
    sam = Sam(
        endpoint_url=deployment.endpoint_url,
        private=deployment.logs,
        interrupts=Interrupts(),
        source=source,
    )
    # The callback API is there by now, so its address is known.
    known = {"CallbackBaseUrl": deployment.callback_api_url}
    deploy(sam, {**parameters, **known}, lambda _line: None)


def secret_values(deployment: Deployment) -> dict[str, str]:
    """Return the stack's secrets by ARN; those without a value have an empty one."""
    arns = [each["ARN"] for each in vault(deployment).list_secrets()["SecretList"]]
    return {arn: secret_value(deployment, arn) for arn in arns}


def secret_value(deployment: Deployment, arn: str) -> str:
    try:
        return vault(deployment).get_secret_value(SecretId=arn).get("SecretString", "")
    except vault(deployment).exceptions.ResourceNotFoundException:
        return ""


def vault(deployment: Deployment) -> "SecretsManagerClient":
    return administrator().client("secretsmanager", endpoint_url=deployment.endpoint_url)


def parameters_of(deployment: Deployment) -> dict[str, str]:
    """Return the parameters that ``local_stack`` has added."""
    address = deployment.simulator_url.removeprefix("http://")
    base_urls = {
        each.base_url_parameter: f"{deployment.simulator_url}{each.path}"
        for each in deployment.accounts
    }
    return base_urls | {"PlainHttpHosts": address, "DropClient": CLIENT}


def allow_loops(deployment: Deployment) -> None:
    """Exempt the functions that need it from loop detection, as the old template does not."""
    client, url = administrator().client, deployment.endpoint_url
    template = client("cloudformation", endpoint_url=url).get_template(
        StackName=STACK_NAME, TemplateStage="Processed"
    )["TemplateBody"]
    functions = functions_of(deployment)
    for name in in_a_loop(template["Resources"]):
        client("lambda", endpoint_url=url).put_function_recursion_config(
            FunctionName=functions[name], RecursiveLoop="Allow"
        )
