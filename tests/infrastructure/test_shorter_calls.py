"""The layer's botocore sends what the whole one sends, and reads the same, with less work."""

import json
import shutil
from pathlib import Path

import pytest

from layers.dependencies.reduce_packages import CALLS, main
from tests.infrastructure.test_reduced_packages import source_of
from tests.support.interpreters import printed_by

PACKAGES = sorted({name.partition("/")[0] for name, *_ in CALLS})
# Calls a server of its own, which tells what it was sent.
REPORT = """
import base64, io, json, sys, threading, uuid
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import botocore.auth, botocore.endpoint
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.session import Session
from urllib3.util import connection

uuid.uuid4 = lambda: "00000000-0000-4000-8000-000000000000"
for module in (botocore.auth, botocore.endpoint):
    module.get_current_datetime = lambda *_: datetime(2026, 11, 27, 12)
sent, answers = [], []


class Server(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        sent.append([self.requestline, *map(list, self.headers.items()), body.hex()])
        status, answer = answers.pop(0)
        self.send_response(status)
        self.send_header("X-Amzn-RequestId", "one")
        self.send_header("x-amz-meta-Kind", "a, b")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_PUT = do_GET = do_POST

    def date_time_string(self):
        return "Fri, 27 Nov 2026 12:00:00 GMT"

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
connect = connection.create_connection
connection.create_connection = lambda _, *given, **more: connect(server.server_address, **more)
url, told = "http://aws.test", []


def client(service):
    config = Config(user_agent="Ringback", retries={"mode": "standard", "total_max_attempts": 2})
    if service == "s3":
        config = config.merge(Config(signature_version="s3v4"))
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b", "aws_session_token": "c"}
    return Session().create_client(
        service, region_name="eu-west-1", endpoint_url=url, config=config, **keys
    )


def call(method, answer=b"{}", status=200, before=(), **given):
    answers.extend([*before, (status, answer)])
    try:
        found = method(**given)
    except ClientError as error:
        found = error.response
    if "Body" in found:
        found["Body"] = found["Body"].read()
    told.append(found)


values = {
    "S": "käse", "N": "1", "B": b"x", "BOOL": True, "NULL": True, "SS": ["a"], "NS": ["1"],
    "BS": [b"y"], "M": {"in": {"L": [{"S": "a"}, {"M": {}}]}},
}
item = {name: {name: value} for name, value in values.items()}
coded = json.loads(json.dumps(item, default=lambda raw: base64.b64encode(raw).decode()))
key, table = {"job_id": {"S": "job"}}, client("dynamodb")
answer = json.dumps({"Attributes": coded, "Unknown": 1, "ConsumedCapacity": None}).encode()
failed = json.dumps({
    "__type": "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
    "message": "no", "Item": coded,
}).encode()
call(table.update_item, answer, TableName="jobs", Key=key, ExpressionAttributeValues=item)
call(table.put_item, failed, 400, TableName="jobs", Item=item)
call(table.put_item, before=[(500, b"{}")], TableName="jobs", Item=item)
found = json.dumps({"Responses": {"jobs": [coded, coded]}, "UnprocessedKeys": {}}).encode()
call(table.batch_get_item, found, RequestItems={"jobs": {"Keys": [key]}})
attributes = {"details": {"DataType": "String", "StringValue": "{}"}}
call(
    client("sqs").send_message, b'{"MessageId": "1"}',
    QueueUrl=f"{url}/1/q", MessageBody="a", MessageAttributes=attributes,
)
call(client("events").put_events, b'{"Entries": [{"EventId": "1"}]}', Entries=[{"Source": "a"}])
call(client("secretsmanager").get_secret_value, b'{"SecretString": "{}"}', SecretId="a")
live = client("apigatewaymanagementapi")
call(live.post_to_connection, b"", ConnectionId="a=/b", Data=b"x")
bucket = client("s3")
for body in (b"bytes", b"", io.BytesIO(b"file")):
    more = {"Metadata": {"Kind": "a  b"}, "ContentType": "image/png", "Tagging": "a=b"}
    call(bucket.put_object, b"", Bucket="images", Key="a b/ü.png", Body=body, **more)
call(bucket.get_object, b"content", Bucket="images", Key="a b/ü.png", Range="bytes=0-9")
call(bucket.get_object, b"<Error><Code>NoSuchKey</Code></Error>", 404, Bucket="b", Key="k")
place = {"Bucket": "images", "Key": "a b/ü.png", "VersionId": "1"}
told.append(bucket.generate_presigned_url("get_object", Params=place))
functions = []
sys.setprofile(lambda _frame, event, _: event == "call" and functions.append(1))
call(table.update_item, answer, TableName="jobs", Key=key, ExpressionAttributeValues=item)
sys.setprofile(None)
print(json.dumps([sent, told], default=repr, sort_keys=True))
print(len(functions))
"""


def reported_with(folder: Path) -> tuple[str, int]:
    """Return what is sent and read, and how many of Python's functions one call takes."""
    report, functions = printed_by("-c", REPORT, packages=folder).splitlines()
    return report, int(functions)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with the packages, of which botocore has its data by a link."""
    ignored = shutil.ignore_patterns("__pycache__", "data")
    for package in PACKAGES:
        shutil.copytree(source_of(package), tmp_path / package, ignore=ignored)
    data = source_of("botocore") / "data"
    (tmp_path / "botocore" / "data").symlink_to(data, target_is_directory=True)
    return tmp_path


def test_shorter_calls_send_and_read_the_same(folder: Path) -> None:
    whole, before = reported_with(folder)
    sent, told = json.loads(whole)
    assert (len(sent), len(told)) == (15, 15)
    main(folder, CALLS)
    shorter, after = reported_with(folder)
    assert shorter == whole
    assert after < 0.92 * before
