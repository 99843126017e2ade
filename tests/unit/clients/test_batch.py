"""A batch: every row once, however often the command is repeated."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result
from ringback_cli.main import main

from tests.support.client_api import (
    FOLLOWING,
    FakeApi,
    a_job,
    a_model,
    an_event,
    job_id,
    problem,
)

MODEL = "bytedance/seedream"
EXTRA = {"count": {"type": "integer"}, "image_urls": {"type": "array"}}
CSV = 'prompt,model,count\nA blue door,,2\n"A red\ndoor, open",other/model,\n007,,\n'


def an_api(**more: object) -> FakeApi:
    return FakeApi(models=[a_model(MODEL, **EXTRA), a_model("other/model")], **more)  # type: ignore[arg-type]


def run(api: FakeApi, path: Path, *arguments: str, code: int = 0) -> Result:
    command = ["batch", str(path), "--parallel", "1", *arguments]
    result = CliRunner().invoke(main, command, obj=lambda **settings: api.client())
    assert result.exit_code == code, result.output
    return result


def file_with(folder: Path, content: str | bytes, name: str = "kites.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def inputs(api: FakeApi) -> list[Any]:
    posts = [each for each in api.requests if each.method == "POST"]
    return [json.loads(each.content) for each in posts]


def test_cells_have_the_types_of_the_model(tmp_path: Path) -> None:
    api = an_api()
    run(api, file_with(tmp_path, CSV), "--model", MODEL)
    assert inputs(api) == [
        {"model": MODEL, "input": {"prompt": "A blue door", "count": 2}},
        {"model": "other/model", "input": {"prompt": "A red\ndoor, open"}},
        {"model": MODEL, "input": {"prompt": "007"}},
    ]


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_spreadsheets_have_their_own_ways(tmp_path: Path, delimiter: str) -> None:
    cells = [["prompt", "image_urls", "callBackUrl", "tags"]]
    cells += [["A, b", "https://a|https://b", "https://c", "spring, order 66"]]
    text = "\ufeff" + "\r\n".join(delimiter.join(row) for row in cells)
    api = an_api()
    run(api, file_with(tmp_path, text), "--model", MODEL)
    assert inputs(api) == [
        {"model": MODEL, "callBackUrl": "https://c", "tags": ["spring", "order 66"],
         "input": {"prompt": "A, b", "image_urls": ["https://a", "https://b"]}},
    ]  # fmt: skip


def test_json_lines_are_requests(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [{"model": MODEL, "input": {"prompt": "a\u2028b"}, "tags": ["x"]}]
    rows.append({"input": {"count": 3}})
    text = "\n\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    api = an_api()
    run(api, file_with(tmp_path, text, "rows.jsonl"), "--model", "other/model")
    assert inputs(api) == [rows[0], {"model": "other/model", "input": {"count": 3}}]


@pytest.mark.parametrize("separator", ["\u2028", "\x0b", "\x85", "\x1c"])
def test_only_line_ends_end_a_row(tmp_path: Path, separator: str) -> None:
    api = an_api()
    text = f"prompt,model\rA{separator}door,{MODEL}\r\nA kite,{MODEL}\n"
    run(api, file_with(tmp_path, text))
    assert [each["input"]["prompt"] for each in inputs(api)] == [f"A{separator}door", "A kite"]


def test_a_row_that_cannot_be_sent_does_not_keep_the_others(tmp_path: Path) -> None:
    rows = [{"model": MODEL, "input": {"prompt": each}} for each in ("\ud800", "A door")]
    api = an_api()
    path = file_with(tmp_path, "\n".join(map(json.dumps, rows)), "rows.jsonl")
    result = run(api, path, "--json", code=1)
    assert [json.loads(line)["again"] for line in result.stdout.splitlines()] == [False] * 2
    assert len(api.jobs) == 1


def test_a_repeated_run_buys_nothing_twice(tmp_path: Path) -> None:
    path, api = file_with(tmp_path, CSV), an_api()
    first = run(api, path, "--model", MODEL).stdout
    assert run(api, path, "--model", MODEL).stdout == first
    assert len(api.jobs) == 3
    renamed = file_with(tmp_path, CSV, "renamed.csv")
    run(api, renamed, "--model", MODEL)
    assert len(api.jobs) == 3
    run(api, file_with(tmp_path, CSV + "One more,,\n"), "--model", MODEL)
    assert len(api.jobs) == 3 + 4


def test_an_interrupted_run_is_resumed(tmp_path: Path) -> None:
    path, api = file_with(tmp_path, CSV), an_api()
    model = httpx.Response(200, json=a_model(MODEL, **EXTRA))
    made = httpx.Response(202, json=a_job(9))
    api.script = [model, model, made, *[httpx.ConnectError("gone")] * 10]
    result = run(api, path, "--model", MODEL, code=1)
    assert "2 of 3 rows were not sent; the same command sends them." in result.stderr
    keys = [each.headers["idempotency-key"] for each in api.requests if each.method == "POST"]
    run(api, path, "--model", MODEL)
    assert {*keys} == {*api.keys}
    assert len(api.jobs) == 3


def test_a_refused_row_does_not_keep_the_others(tmp_path: Path) -> None:
    api = an_api()
    model = httpx.Response(200, json=a_model(MODEL))
    bad = [{"field": "input.count", "message": "too many"}]
    api.script = [model, model, problem(400, "invalid-request", errors=bad)]
    result = run(api, file_with(tmp_path, CSV), "--model", MODEL, "--json", code=1)
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [each["row"] for each in lines] == [1, 2, 3]
    assert "input.count: too many" in lines[0]["error"]
    assert [each["again"] for each in lines] == [False] * 3
    assert [each["job"]["job_id"] for each in lines[1:]] == [job_id(1), job_id(2)]
    assert "1 of 3 rows were refused, and would be again" in result.stderr


def test_a_refused_key_ends_it(tmp_path: Path) -> None:
    model = httpx.Response(200, json=a_model(MODEL))
    api = an_api(script=[model, model, *[problem(403, "missing-scope")] * 99])
    text = "prompt,model\nx,other/model\n" + "A door,\n" * 50
    run(api, file_with(tmp_path, text), "--model", MODEL, code=3)
    assert len(inputs(api)) == 1


def test_a_batch_waits_on_one_line(tmp_path: Path) -> None:
    def end(number: int, status: str) -> list[object]:
        return [lambda api: api.end(number, status), {"events": [an_event(number, status)]}]

    ends = [*end(2, "succeeded"), *end(3, "failed"), *end(1, "succeeded")]
    api = an_api(told=[[FOLLOWING, *ends]])
    result = run(api, file_with(tmp_path, CSV), "--model", MODEL, "--wait", code=1)
    assert result.stdout.splitlines() == [
        f"row 2: {job_id(2)} succeeded",
        f"row 3: {job_id(3)} failed",
        f"row 1: {job_id(1)} succeeded",
    ]
    assert result.stderr == "1 of 3 jobs have not succeeded; `ringback retry` makes a new one.\n"
    assert len(api.said) == 1


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", "prompt,model\nx\n", "Row 1 has more or fewer cells"),
        ("a.csv", "prompt\nx,y\n", "Row 1 has more or fewer cells"),
        ("a.csv", 'prompt,model\nx,m\n"x', "Row 2"),
        ("a.csv", "prompt\nx\n", "Row 1 names no model"),
        ("a.csv", "prompt,model\n", "no rows"),
        ("a.csv", "", "no rows"),
        ("a.csv", "prompt,model, prompt\nx,m,y\n", "The header names prompt twice"),
        ("a.jsonl", '{"model": "m", "input": {}, "tags": "spring"}', "Row 1: `tags` is no list"),
        ("a.jsonl", '{"model": "m", "input": {"seed": NaN}}', "Row 1 is not JSON: NaN"),
        ("a.jsonl", "[" * 100_000, "Row 1 is not JSON: it has too many levels"),
        ("a.csv", b"prompt,model\n\xff,m\n", "not UTF-8"),
        ("a.jsonl", '{"model": "m", "input": {}}\n{', "Row 2 is not JSON"),
        ("a.jsonl", '{"model": "m"}', "Row 1 is no object"),
        ("a.jsonl", "[]", "Row 1 is no object"),
        ("a.jsonl", '{"model": 1, "input": {}}', "Row 1 names no model"),
        ("a.jsonl", '{"model": "m", "input": {}, "size": 1}', "unknown fields: size"),
    ],
)
def test_a_file_that_cannot_be_read_sends_nothing(
    tmp_path: Path, name: str, content: str | bytes, said: str
) -> None:
    api = an_api()
    assert said in run(api, file_with(tmp_path, content, name), code=2).stderr
    assert api.requests == []
