"""The AWS CLI as far as docs/operate.md needs it: ``aws <service> <operation> --option value``.

Names and types of the options are those of the service's model, as in the CLI, which would be a
large download for a handful of commands.
"""

import sys
from collections.abc import Iterator, Sequence
from typing import Any

import boto3
import jmespath  # type: ignore[import-untyped]
from botocore import xform_name
from botocore.model import OperationModel

OWN = {"query", "output", "cli-read-timeout"}


def main(words: Sequence[str]) -> None:
    clients: Any = boto3.Session()
    client = clients.client(words[0])
    operation = client.meta.service_model.operation_model(
        client.meta.method_to_api_mapping[words[1].replace("-", "_")]
    )
    given = dict(options(words[2:], operation))
    own = {name: given.pop(name) for name in OWN & given.keys()}
    answer = getattr(client, xform_name(operation.name))(**given)
    answer.pop("ResponseMetadata", None)
    if "Payload" in answer:
        answer = answer["Payload"].read().decode()
    print(jmespath.search(own["query"], answer) if "query" in own else answer)  # noqa: T201


def options(words: Sequence[str], operation: OperationModel) -> Iterator[tuple[str, Any]]:
    """Yield the operation's parameters, and the options of the CLI's own."""
    known = operation.input_shape.members if operation.input_shape else {}
    members = {xform_name(name, "-"): (name, shape.type_name) for name, shape in known.items()}
    left = iter(words)
    for word in left:
        if not word.startswith("--"):
            continue  # the file that an answer is written to
        option = word.removeprefix("--")
        if option in OWN:
            yield option, next(left)
            continue
        name, kind = members[option.removeprefix("no-")]
        yield name, (not option.startswith("no-") if kind == "boolean" else next(left))


if __name__ == "__main__":
    main(sys.argv[1:])
