"""Leave of botocore what the functions need: ``reduce_botocore.py FOLDER-OF-PACKAGES``.

botocore has the data of 400 services and the root certificates of 100 authorities, reads a lot of
that at each start, and loads what makes its documentation. docs/decisions/0047 has the figures.
"""

import gzip
import json
import shutil
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

# What ringback.aws calls; tests/infrastructure/test_reduced_botocore.py compares.
OPERATIONS: Final[Mapping[str, frozenset[str]]] = {
    "apigatewaymanagementapi": frozenset({"DeleteConnection", "PostToConnection"}),
    "dynamodb": frozenset(
        {
            *("BatchGetItem", "BatchWriteItem", "DeleteItem", "GetItem", "PutItem", "Query"),
            *("Scan", "TransactWriteItems", "UpdateItem"),
        }
    ),
    "events": frozenset({"PutEvents"}),
    # No function creates a bucket: botocore makes the address of presigned forms of that operation.
    "s3": frozenset(
        {
            *("CreateBucket", "DeleteObjects", "GetObject", "HeadObject", "ListObjectVersions"),
            *("PutObject", "PutObjectTagging"),
        }
    ),
    "secretsmanager": frozenset({"GetSecretValue"}),
    "sqs": frozenset({"ReceiveMessage", "SendMessage"}),
}
# Without waiters, paginators and examples.
KEPT: Final = ("service-2", "service-2.sdk-extras")
# The rules for a service's addresses, which are gone through in each call. Where there are none,
# botocore takes the address in endpoints.json. S3 alone has one for each bucket.
RULES: Final = "endpoint-rule-set-1"
# In the conditions of S3's rules for addresses: kinds of buckets that Ringback does not have, two
# thirds of what is read before the first call.
OTHER_BUCKETS: Final = (
    *("--x-s3", "--xa-s3", "--op-s3", "aws.parseArn"),
    *("UseObjectLambdaEndpoint", "UseS3ExpressControlEndpoint"),
)
# Of certifi's file, by label. For trust stores of one's own, Amazon names these five:
# https://www.amazontrust.com/repository/
ROOTS: Final = (
    *(f"Amazon Root CA {number}" for number in (1, 2, 3, 4)),
    "Starfield Services Root Certificate Authority - G2",
)

# Instead of botocore's, which import all that makes its documentation, an HTML parser included.
NO_DOCSTRINGS: Final = """\
class NoDocstring(str):
    def __new__(cls, *args, **more):
        return super().__new__(cls)


ClientMethodDocstring = PaginatorDocstring = WaiterDocstring = NoDocstring
"""

# Events are called after the service; each client takes a copy of all that wait for one, and each
# new event is compared with all aliases.
ONLY_CALLED: Final = """\


# By Ringback's build: only of the services that it calls.
"""
HANDLERS: Final = "BUILTIN_HANDLERS = [h for h in BUILTIN_HANDLERS if h[0].split('.')[1:2] in {}]\n"
ALIASES: Final = "EVENT_ALIASES = {{old: new for old, new in EVENT_ALIASES.items() if new in {}}}\n"


def main(folder: Path) -> None:
    data = folder / "botocore" / "data"
    about = [reduce_service(data / name, OPERATIONS[name]) for name in OPERATIONS]
    prefixes = {each["endpointPrefix"] for each in about}
    # As botocore.utils.hyphenize_service_id writes it.
    names = [each["serviceId"].lower().replace(" ", "-") for each in about]
    append(folder / "botocore" / "handlers.py", HANDLERS.format([[], *([each] for each in names)]))
    append(folder / "botocore" / "utils.py", ALIASES.format(names))
    for other in data.iterdir():
        if other.is_dir() and other.name not in OPERATIONS:
            shutil.rmtree(other)
    endpoints = json.loads((data / "endpoints.json").read_bytes())
    for partition in endpoints["partitions"]:
        known = partition["services"]
        partition["services"] = {name: known[name] for name in known if name in prefixes}
    write(data / "endpoints.json", as_json(endpoints))
    reduce_docs(folder / "botocore" / "docs")
    bundle = (folder / "certifi" / "cacert.pem").read_text()
    write(folder / "botocore" / "cacert.pem", "".join(root(bundle, label) for label in ROOTS))


def reduce_docs(docs: Path) -> None:
    """Leave of the package only what clients import: nobody asks a function for its help."""
    for path in docs.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != "utils.py":
            path.unlink()
    write(docs / "__init__.py", "")
    write(docs / "docstring.py", NO_DOCSTRINGS)


def append(module: Path, statement: str) -> None:
    write(module, module.read_text() + ONLY_CALLED + statement)


def reduce_service(service: Path, operations: frozenset[str]) -> Mapping[str, str]:
    """Reduce the newest version of a service's data, delete the rest; return its metadata."""
    *older, newest = sorted(service.iterdir())
    for version in older:
        shutil.rmtree(version)
    metadata: Mapping[str, str] = {}
    for file in sorted(newest.iterdir()):
        name = file.name.removesuffix(".gz").removesuffix(".json")
        content = file.read_bytes()
        file.unlink()
        if name in KEPT or (service.name, name) == ("s3", RULES):
            read = json.loads(gzip.decompress(content) if file.suffix == ".gz" else content)
            if name == "service-2":
                read = reduce_model(read, operations)
                metadata = read["metadata"]
            elif name == RULES:
                read["rules"] = without_other_buckets(read["rules"])
            write(newest / f"{name}.json", as_json(read))
    return metadata


def reduce_model(model: dict[str, Any], operations: frozenset[str]) -> dict[str, Any]:
    """Return the model with these operations and the shapes that they lead to."""
    kept = {name: without_documentation(model["operations"][name]) for name in sorted(operations)}
    shapes: dict[str, Any] = {}
    waiting = [*shapes_named_in(kept)]
    while waiting:
        if (name := waiting.pop()) not in shapes:
            shapes[name] = without_documentation(model["shapes"][name])
            waiting += shapes_named_in(shapes[name])
    rest = {name: value for name, value in model.items() if name != "documentation"}
    return {**rest, "operations": kept, "shapes": shapes}


def without_documentation(value: Any) -> Any:
    """Return the value without its texts; a member may be called ``documentation``, too."""
    if isinstance(value, dict):
        return {
            name: without_documentation(each)
            for name, each in value.items()
            if name != "documentation" or isinstance(each, dict)
        }
    return [without_documentation(each) for each in value] if isinstance(value, list) else value


def without_other_buckets(rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        rule | {"rules": without_other_buckets(rule["rules"])} if "rules" in rule else rule
        for rule in rules
        if not any(each in as_json(rule["conditions"]) for each in OTHER_BUCKETS)
    ]


def shapes_named_in(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("shape"), str):
            yield value["shape"]
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from shapes_named_in(each)


def root(bundle: str, label: str) -> str:
    """Return one certificate. Raises ``SystemExit`` if there is none of that label."""
    _, found, after = bundle.partition(f'# Label: "{label}"\n')
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    if not found:
        raise SystemExit(f"certifi has no root certificate {label!r}")
    content = after.partition(begin)[2].partition(end)[0]
    return f"# {label}\n{begin}{content}{end}\n"


def as_json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))


def write(file: Path, text: str) -> None:
    """Write a new file: the old one may be a link into the installer's cache."""
    file.unlink(missing_ok=True)
    file.write_text(text)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
