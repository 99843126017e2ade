"""job.json against its schema in docs/."""

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ringback.domain.jobs import Job, JobStatus
from ringback.use_cases.provenance import provenance

from tests.support.jobs import NOON, TASK, a_job, a_job_id, a_stored_image, a_tagged_request
from tests.support.template import ROOT

SCHEMA: dict[str, Any] = json.loads((ROOT / "docs" / "job.schema.json").read_text())
BARE = a_job(JobStatus.ARCHIVING)
FULL = a_job(
    JobStatus.ARCHIVING,
    request=a_tagged_request("spring", "order 66"),
    retry_of=a_job_id(1),
    source="requests/kites.csv",
    row=7,
    task_id=TASK,
    credits=Decimal("3.5"),
    submitted_at=NOON + timedelta(seconds=1),
    running_at=NOON + timedelta(seconds=2),
    decided_at=NOON + timedelta(seconds=3),
    called_back=False,
    result_urls=tuple(f"https://cdn.example/{number}" for number in range(1, 5)),
    images=(a_stored_image(1), a_stored_image(3)),
)


def record_of(job: Job) -> Any:
    return json.loads(json.dumps(provenance(job, at=NOON)))


def test_the_schema_is_valid() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize(("job", "missing"), [(BARE, []), (FULL, [2, 4])], ids=["bare", "full"])
def test_a_record_matches_the_schema(job: Job, missing: list[int]) -> None:
    record = record_of(job)
    assert list(Draft202012Validator(SCHEMA).iter_errors(record)) == []
    assert record.keys() == SCHEMA["properties"].keys() == set(SCHEMA["required"])
    assert record["missing"] == missing


@pytest.mark.parametrize("credits", ["2E+1", "1E+2", "1E-6", "0", "3.5"])
def test_credits_are_written_without_an_exponent(credits: str) -> None:
    record = record_of(replace(FULL, credits=Decimal(credits)))
    assert list(Draft202012Validator(SCHEMA).iter_errors(record)) == []
    assert Decimal(record["credits"]) == Decimal(credits)


def test_the_schema_rejects_wrong_types_and_allows_new_fields() -> None:
    record = record_of(FULL)
    for name in record:
        assert list(Draft202012Validator(SCHEMA).iter_errors(record | {name: [{}]})), name
    # Readers of version 1 must accept fields that are added later.
    assert list(Draft202012Validator(SCHEMA).iter_errors(record | {"more": 1})) == []


def test_a_record_has_all_it_takes_to_repeat_the_job() -> None:
    record = record_of(FULL)
    assert record["request"] == FULL.request.sent
    assert record["input"] == FULL.request.input
    assert (record["source"], record["row"]) == (FULL.source, FULL.row)
    assert record["tags"] == ["spring", "order 66"]
    assert (record["model"], record["provider"]) == (FULL.request.model, "kie")
