"""The layer's botocore has the data of all calls that the functions make, and Amazon's roots."""

import ast
import json
import os
import re
import shutil
import ssl
from functools import cache
from io import BytesIO
from itertools import product
from pathlib import Path
from typing import Any

import botocore
import certifi
import pytest
from botocore import handlers, utils, xform_name
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.endpoint_provider import EndpointProvider
from botocore.exceptions import BotoCoreError
from botocore.hooks import EventAliaser, HierarchicalEmitter
from botocore.httpsession import DEFAULT_CA_BUNDLE
from botocore.loaders import Loader
from botocore.session import Session
from ringback.aws import clients
from urllib3 import HTTPResponse

from layers.dependencies.reduce_botocore import OPERATIONS, ROOTS, main, root
from tests.support.template import ROOT

AWS = ROOT / "layers" / "shared" / "ringback" / "aws"
DATA = Path(botocore.__file__).parent / "data"
OF_ALL_SERVICES = (
    *("endpoints.json", "partitions.json", "sdk-default-configuration.json", "_retry.json"),
)
DOCUMENTING = ("docs", "bcdoc")
NO_BYTECODE = shutil.ignore_patterns("__pycache__")


@cache
def names_in(source: str) -> frozenset[str]:
    """Return every attribute and every text in the code: both may name an operation."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute):
            found.add(node.attr)
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)
    return frozenset(found)


def test_the_data_is_of_the_operations_that_are_called() -> None:
    used = {name for path in AWS.glob("*.py") for name in names_in(path.read_text())}
    models = map(Session().get_service_model, OPERATIONS)
    known = {xform_name(name) for model in models for name in model.operation_names}
    kept = {xform_name(name) for names in OPERATIONS.values() for name in names}
    # botocore takes the address of a presigned form from this operation.
    hidden = {"create_bucket"} if "generate_presigned_post" in used else set[str]()
    assert used & known | hidden == kept


def test_the_data_is_of_the_services_that_have_clients() -> None:
    source = Path(clients.__file__).read_text()
    assert set(re.findall(r'shared_client\("(\w+)"', source)) == set(OPERATIONS)


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Return a folder of packages, reduced, and the installer's cache that it had links into."""
    cache = tmp_path_factory.mktemp("cache") / "packages"
    for name in (*OPERATIONS, "athena"):
        shutil.copytree(DATA / name, cache / "botocore" / "data" / name)
    for name in OF_ALL_SERVICES:
        shutil.copy(DATA / name, cache / "botocore" / "data")
    shutil.copy(DEFAULT_CA_BUNDLE, cache / "botocore")
    shutil.copytree(DATA.with_name("docs"), cache / "botocore" / "docs", ignore=NO_BYTECODE)
    for name in ("handlers.py", "utils.py"):
        shutil.copy(DATA.with_name(name), cache / "botocore")
    (cache / "certifi").mkdir()
    shutil.copy(certifi.where(), cache / "certifi")
    folder = cache.with_name("reduced")
    shutil.copytree(cache, folder, copy_function=os.link)
    main(folder)
    return folder, cache


@pytest.fixture
def reduced(packages: tuple[Path, Path]) -> Path:
    return packages[0]


def test_the_installer_s_cache_is_left_alone(packages: tuple[Path, Path]) -> None:
    _, cache = packages
    installed = Path(certifi.where()).parents[1]
    files = [path for path in cache.rglob("*") if path.is_file()]
    assert len(files) > 20
    for path in files:
        assert path.read_bytes() == (installed / path.relative_to(cache)).read_bytes(), path


def test_other_services_are_left_out(reduced: Path) -> None:
    data = reduced / "botocore" / "data"
    assert {path.name for path in data.iterdir() if path.is_dir()} == set(OPERATIONS)
    names = {path.name for path in data.rglob("*.*") if path.is_file()}
    assert names == {
        *("service-2.json", "service-2.sdk-extras.json"),
        *("endpoint-rule-set-1.json", *OF_ALL_SERVICES),
    }
    assert [path.parents[1].name for path in data.rglob("endpoint-rule-set-1.json")] == ["s3"]
    assert sum(path.stat().st_size for path in data.rglob("*.json")) < 300_000


@pytest.mark.parametrize("service", OPERATIONS)
def test_the_operations_are_as_they_were(reduced: Path, service: str) -> None:
    """The requests and answers of an operation, with everything that they are made of."""
    session = session_with(reduced)
    model, whole = session.get_service_model(service), Session().get_service_model(service)
    assert set(model.operation_names) == OPERATIONS[service]
    for name in model.operation_names:
        one, other = model.operation_model(name), whole.operation_model(name)
        assert (one.http, one.auth_type, one.static_context_parameters) == (
            *(other.http, other.auth_type),
            other.static_context_parameters,
        )
        assert shape_of(one.input_shape) == shape_of(other.input_shape)
        assert shape_of(one.output_shape) == shape_of(other.output_shape)
        assert [e.name for e in one.error_shapes] == [e.name for e in other.error_shapes]


def session_with(reduced: Path) -> Session:
    session, data = Session(), str(reduced / "botocore" / "data")
    loader = Loader(extra_search_paths=[data], include_default_search_paths=False)
    session.register_component("data_loader", loader)
    return session


# One of each partition, us-east-1 beside it, and one that there is not yet.
REGIONS = (
    *("eu-west-1", "us-east-1", "eu-west-9", "cn-north-1", "us-gov-west-1", "eusc-de-east-1"),
    *("us-iso-east-1", "us-isob-east-1", "eu-isoe-west-1", "us-isof-south-1"),
)


@pytest.mark.parametrize("url", [None, "https://1.execute-api.eu-west-1.amazonaws.com/live"])
@pytest.mark.parametrize(
    ("service", "operation", "given"),
    [
        ("apigatewaymanagementapi", "delete_connection", {"ConnectionId": "1="}),
        ("dynamodb", "get_item", {"TableName": "jobs", "Key": {"job_id": {"S": "1"}}}),
        ("events", "put_events", {"Entries": [{"Source": "ringback"}]}),
        ("secretsmanager", "get_secret_value", {"SecretId": "key"}),
        ("sqs", "send_message", {"QueueUrl": "https://sqs.eu-west-1/1/q", "MessageBody": "1"}),
    ],
)
def test_addresses_are_as_the_rules_make_them(
    reduced: Path, url: str | None, service: str, operation: str, given: dict[str, Any]
) -> None:
    """Of what is called, and the name and region that it is signed for."""
    sessions = (Session(), session_with(reduced))
    for region in REGIONS[:1] if url else REGIONS:
        made = [
            session.create_client(
                service,
                region_name=region,
                endpoint_url=url,
                aws_access_key_id="a",
                aws_secret_access_key="b",
            )
            for session in sessions
        ]
        whole, own = (address_of(client, operation, given) for client in made)
        assert own == whole


def address_of(client: Any, operation: str, given: dict[str, Any]) -> tuple[str, str]:
    found: list[tuple[str, str]] = []

    def answer(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        scope = str(request.headers["Authorization"]).partition(", ")[0].partition("/")[2]
        found.append((request.url, scope.partition("/")[2]))
        body: Any = HTTPResponse(BytesIO(b"{}"), preload_content=False)
        return AWSResponse(request.url, 200, HTTPHeaders(), body)

    client.meta.events.register("before-send", answer)
    getattr(client, operation)(**given)
    return found[0]


S3_REGIONS = ("us-east-1", "eu-west-1", "cn-north-1", "us-gov-west-1", "aws-global")
BUCKETS = ("ringback-images-1x2y3z", "a.b.c", "Not_A-Host", "x" * 63)
ENDPOINTS = (None, "http://127.0.0.1:4566", "https://vpce-1.s3.eu-west-1.vpce.amazonaws.com")
FLAGS = ("UseFIPS", "UseDualStack", "ForcePathStyle", "Accelerate", "UseGlobalEndpoint")


def addresses_of(rules: dict[str, Any]) -> list[object]:
    """Return each bucket's address in each region, or why there is none."""
    partitions = Session().get_component("data_loader").load_data("partitions")
    provider, found = EndpointProvider(rules, partitions), list[object]()
    flags = product([False, True], repeat=len(FLAGS))
    for region, bucket, url, given in product(S3_REGIONS, BUCKETS, ENDPOINTS, flags):
        options: dict[str, Any] = dict(zip(FLAGS, given, strict=True))
        if url:
            options["Endpoint"] = url
        try:
            address = provider.resolve_endpoint(Region=region, Bucket=bucket, **options)
            found.append(address)
        except BotoCoreError as error:
            found.append(str(error))
    return found


def test_buckets_have_the_addresses_that_they_had(reduced: Path) -> None:
    name = "endpoint-rule-set-1"
    whole = Session().get_component("data_loader").load_service_model("s3", name)
    (file,) = reduced.glob(f"botocore/data/s3/*/{name}.json")
    rules = json.loads(file.read_bytes())
    assert len(json.dumps(rules)) < len(json.dumps(whole)) / 2
    assert addresses_of(rules) == addresses_of(whole)


def shape_of(shape: object, seen: tuple[str, ...] = ()) -> object:
    """Return what a shape is made of, down to recursions."""
    name = getattr(shape, "name", None)
    if name is None or name in seen:
        return name
    below = dict(getattr(shape, "members", {}))
    below |= {
        kind: getattr(shape, kind) for kind in ("member", "key", "value") if hasattr(shape, kind)
    }
    parts = {each: shape_of(part, (*seen, name)) for each, part in below.items()}
    return name, getattr(shape, "type_name", ""), getattr(shape, "serialization", {}), parts


def test_clients_find_all_that_they_import_of_the_documentation(reduced: Path) -> None:
    docs = reduced / "botocore" / "docs"
    others = [path for path in DATA.parent.rglob("*.py") if path.parent.name not in DOCUMENTING]
    imports = [
        (str(node.module), name.name)
        for path in others
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and "botocore.docs" in str(node.module)
        for name in node.names
    ]
    assert len(imports) >= 7
    for module, name in imports:
        source = docs / f"{module.removeprefix('botocore.docs.')}.py"
        made: dict[str, Any] = {"__name__": module}
        exec(source.read_text(), made)  # noqa: S102 of botocore, or what the build writes
        assert name in made, (module, name)
        if module.endswith("docstring"):
            assert made[name]("of an operation", shape=1) == ""
    assert {path.name for path in docs.iterdir()} == {"__init__.py", "docstring.py", "utils.py"}


def test_the_events_of_the_operations_are_handled_as_they_were(reduced: Path) -> None:
    made: dict[str, Any] = vars(handlers) | vars(utils)
    for module in (handlers, utils):
        name = f"{module.__name__.rpartition('.')[2]}.py"
        whole, text = (
            Path(str(module.__file__)).read_text(),
            (reduced / "botocore" / name).read_text(),
        )
        assert text.startswith(whole)
        exec(text.removeprefix(whole), made)  # noqa: S102 what the build writes
    assert len(made["BUILTIN_HANDLERS"]) < len(handlers.BUILTIN_HANDLERS) / 2
    assert len(made["EVENT_ALIASES"]) < len(utils.EVENT_ALIASES) / 2
    before = emitter(handlers.BUILTIN_HANDLERS, utils.EVENT_ALIASES)
    after = emitter(made["BUILTIN_HANDLERS"], made["EVENT_ALIASES"])
    kinds = {event.partition(".")[0] for event, *_ in handlers.BUILTIN_HANDLERS} - {"docs"}
    for service, operations in OPERATIONS.items():
        hyphenized = Session().get_service_model(service).service_id.hyphenize()
        for name in {service, hyphenized}:
            for event in (f"{kind}.{name}.{each}" for kind in kinds for each in operations):
                assert handled(after, event) == handled(before, event), event


def emitter(registered: list[Any], aliases: dict[str, str]) -> EventAliaser:
    made = EventAliaser(HierarchicalEmitter(), aliases)
    for event, handler, *_ in registered:
        made.register(event, handler)
    return made


def handled(emitter: Any, event: str) -> list[object]:
    return list(emitter._emitter._handlers.prefix_search(emitter._alias_event_name(event)))


def test_only_amazon_s_roots_are_trusted(reduced: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(reduced / "botocore" / "cacert.pem")
    trusted: list[dict[str, Any]] = context.get_ca_certs()
    subjects = [dict(part for (part,) in each["subject"]) for each in trusted]
    assert sorted(each["commonName"] for each in subjects) == sorted(ROOTS)


def test_a_root_that_certifi_no_longer_has_fails_the_build() -> None:
    with pytest.raises(SystemExit, match="Amazon Root CA 9"):
        root(Path(certifi.where()).read_text(), "Amazon Root CA 9")


@pytest.mark.parametrize(
    ("variables", "bundle"),
    [
        ({"AWS_DEFAULT_REGION": "eu-west-1"}, DEFAULT_CA_BUNDLE),
        ({"AWS_DEFAULT_REGION": "cn-north-1"}, None),
        ({"AWS_DEFAULT_REGION": "eu-west-1", "AWS_CA_BUNDLE": "/own.pem"}, None),
    ],
)
def test_a_chosen_bundle_and_china_have_other_roots(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], bundle: str | None
) -> None:
    made = []
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(Session, "create_client", lambda _self, _name, **given: made.append(given))
    clients.shared_client.__wrapped__("sqs", clients.CALLS)
    assert [each["verify"] for each in made] == [bundle]


def test_credentials_are_those_that_lambda_gives(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    clients._session.cache_clear()
    own = tmp_path / "credentials"
    own.write_text("[default]\naws_access_key_id = FILE\naws_secret_access_key = FILE\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(own))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, name)
    found = clients._session().get_credentials()
    assert found is not None
    assert (found.access_key, found.secret_key, found.token) == (
        *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
        "AWS_SESSION_TOKEN",
    )
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    clients._session.cache_clear()
    assert clients._session().get_credentials() is None
    clients._session.cache_clear()
