"""What a client can ask for: each route's parameters, bodies, answers and problems.

That the template has exactly these routes is checked when the document is made.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ringback.domain.errors import (
    IdempotencyConflict,
    InvalidRequest,
    JobDeleted,
    KeyInUse,
    MissingScope,
    PayloadTooLarge,
    RingbackError,
    TooManyJobs,
    TryAgain,
    Unauthorized,
    UnknownDrop,
    UnknownJob,
    UnknownModel,
    UnknownProvider,
    UnknownReceiver,
    WrongCursor,
    WrongState,
)
from ringback.domain.idempotency_keys import MAX_KEY
from ringback.domain.job_ids import PATTERN
from ringback.http_api.batches import MAX_KEY as MAX_BATCH_KEY
from ringback.use_cases.find_drops import DEFAULT_DROPS, MAX_DROPS
from ringback.use_cases.list_jobs import MAX_READ
from ringback.use_cases.sum_usage import MAX_READ as MAX_SUMMED

from local.openapi.queries import LIST, SOURCE, USAGE
from local.openapi.queries import Schema as Schema
from local.openapi.queries import query as _query


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One route. ``problems`` are those beside the ones that every route with a key has.

    ``answers`` has each answer's meaning and schema, which is empty without a body. ``locates``
    is true if an answer has a ``Location``, ``is_tagged`` if it has an ``ETag``, ``is_limited`` if
    it tells the client's limit.
    """

    id: str
    tag: str
    summary: str
    description: str = ""
    parameters: tuple[Schema, ...] = ()
    body: str = ""
    answers: Mapping[int, tuple[str, Schema]] = field(default_factory=dict)
    kind: str = "application/json"
    problems: tuple[type[RingbackError], ...] = ()
    needs_key: bool = True
    locates: bool = False
    is_tagged: bool = False
    is_limited: bool = False


def _path(name: str, description: str, **schema: Any) -> Schema:
    return {
        "name": name,
        "in": "path",
        "required": True,
        "description": description,
        "schema": {"type": "string", **schema},
    }


def _key_schema(most: int) -> Schema:
    bare = rf"[!#-~][ -~]{{0,{most - 1}}}"
    quoted = rf'"([ !#-\[\]-~]|\\["\\]){{1,{most}}}"'
    return {"type": "string", "pattern": f"^({bare}|{quoted})$"}


JOB_ID: Final = _path("job_id", "The job's id.", pattern=f"^{PATTERN}$")
IDEMPOTENCY_KEY: Final[Schema] = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Makes it safe to send the request again: the same key and request return the"
    ' same job. `"abc"`, a Structured Field string, and `abc` are the same key. Without it every'
    " request is a new, paid job, unless the deployment requires it: then 400.",
    "schema": _key_schema(MAX_KEY),
}
IF_NONE_MATCH: Final[Schema] = {
    "name": "If-None-Match",
    "in": "header",
    "description": "The `ETag` of an earlier answer.",
    "schema": {"type": "string"},
}
_JOB: Final = ref("job")
_SHOWN: Final = ref("shownJob")
_UNCHANGED: Final[tuple[str, Schema]] = ("It is what it was; there is no body.", {})
_ONE: Final = (UnknownJob, JobDeleted)
_OF_JOB: Final = (*_ONE, WrongState)
_POSTED: Final = (InvalidRequest, KeyInUse, IdempotencyConflict, JobDeleted, TooManyJobs, TryAgain)

OPERATIONS: Final[Mapping[str, Operation]] = {
    "POST /jobs": Operation(
        id="createJob",
        tag="jobs",
        summary="Post a job",
        description="Checks and records a job. The provider is called afterwards: if it refuses"
        " the job, the job says so.",
        parameters=(
            _query(
                "dry_run",
                "Only check the request and estimate its price: nothing is recorded or paid.",
                type="boolean",
                default=False,
            ),
            IDEMPOTENCY_KEY,
        ),
        body="request",
        answers={202: ("The recorded job.", _JOB), 200: ("With `dry_run`.", ref("dryRun"))},
        problems=(*_POSTED, PayloadTooLarge),
        locates=True,
        is_limited=True,
    ),
    "POST /jobs/{job_id}/retry": Operation(
        id="retryJob",
        tag="jobs",
        summary="Make a job that has ended once more, paid for again",
        parameters=(JOB_ID, IDEMPOTENCY_KEY),
        answers={202: ("The new job.", _JOB)},
        problems=(*_POSTED, UnknownJob, WrongState),
        locates=True,
        is_limited=True,
    ),
    "POST /jobs/batch": Operation(
        id="createJobs",
        tag="jobs",
        summary="Post up to 100 jobs",
        description="Each is accepted or refused by itself; the answer has an outcome for each, in"
        " the same order. Send the same batch again, with the same key, if one is 503 or no answer"
        " comes: what was accepted is not paid for again.",
        parameters=(
            IDEMPOTENCY_KEY
            | {
                "required": True,
                "description": "One key for all: the n-th job, from 0, has `<key>#n`.",
                "schema": _key_schema(MAX_BATCH_KEY),
            },
        ),
        body="batch",
        answers={200: ("The outcomes.", ref("outcomes"))},
        problems=(InvalidRequest, PayloadTooLarge),
        is_limited=True,
    ),
    "GET /jobs": Operation(
        id="listJobs",
        tag="jobs",
        summary="List jobs, newest first",
        description=f"A page reads at most {MAX_READ} jobs. With a filter it may be short, or even"
        " empty, while `cursor` is not null. A job's time is when it was posted, or when its file"
        " was dropped.",
        parameters=LIST,
        answers={200: ("A page of jobs.", ref("jobPage"))},
        problems=(InvalidRequest, WrongCursor),
    ),
    "GET /jobs/{job_id}": Operation(
        id="getJob",
        tag="jobs",
        summary="Get a job, with links to its images",
        parameters=(JOB_ID, IF_NONE_MATCH),
        answers={200: ("The job.", _SHOWN), 304: _UNCHANGED},
        problems=_ONE,
        is_tagged=True,
    ),
    "DELETE /jobs/{job_id}": Operation(
        id="deleteJob",
        tag="jobs",
        summary="Delete a job that has ended, and everything that is about it",
        description="Its images, thumbnails, record and deliveries, all versions of them. It takes"
        " some seconds; from then on the job is 410. It cannot be undone.",
        parameters=(JOB_ID,),
        answers={202: ("The job, which is being deleted.", _JOB)},
        problems=(InvalidRequest, TryAgain, *_OF_JOB),
    ),
    "GET /jobs/{job_id}/deliveries": Operation(
        id="listDeliveries",
        tag="webhooks",
        summary="List the tries of a job's webhooks",
        parameters=(JOB_ID,),
        answers={200: ("The tries, oldest first.", ref("deliveries"))},
        problems=_ONE,
    ),
    "GET /jobs/{job_id}/timeline": Operation(
        id="getTimeline",
        tag="jobs",
        summary="Get a job's steps with their times, from the request to the last webhook",
        parameters=(JOB_ID,),
        answers={200: ("The steps, in order of time.", ref("timeline"))},
        problems=_ONE,
    ),
    "POST /jobs/{job_id}/notify": Operation(
        id="notifyAgain",
        tag="webhooks",
        summary="Send a job's last webhook again",
        parameters=(JOB_ID,),
        answers={200: ("The job.", _JOB)},
        problems=(InvalidRequest, TryAgain, *_OF_JOB),
    ),
    "POST /jobs/{job_id}/cancel": Operation(
        id="cancelJob",
        tag="jobs",
        summary="Withdraw a job that has not been sent",
        parameters=(JOB_ID,),
        answers={200: ("The job.", _JOB)},
        problems=(InvalidRequest, *_OF_JOB),
    ),
    "POST /jobs/{job_id}/archive": Operation(
        id="archiveJob",
        tag="jobs",
        summary="Copy what is missing of a job's images, without paying again",
        parameters=(JOB_ID,),
        answers={200: ("The job.", _JOB)},
        problems=(InvalidRequest, TryAgain, *_OF_JOB),
    ),
    "POST /jobs/retry": Operation(
        id="retryDrop",
        tag="drops",
        summary="Make the failed jobs of a dropped file once more, paid for again",
        parameters=(
            SOURCE | {"required": True},
            _query("status", "Which jobs.", type="string", const="failed") | {"required": True},
        ),
        answers={202: ("What will be made again.", ref("retriedDrop"))},
        problems=(InvalidRequest, UnknownDrop, TryAgain),
    ),
    "POST /uploads": Operation(
        id="openUpload",
        tag="uploads",
        summary="Open the upload of an image for use as an input",
        description="Send `fields`, then the image as `file`, to `url` as multipart/form-data."
        " S3 takes exactly this image, and only your jobs can use it.",
        body="upload",
        answers={201: ("The form, or that the image is there.", ref("openedUpload"))},
        problems=(InvalidRequest, PayloadTooLarge),
    ),
    "POST /providers/{name}/resume": Operation(
        id="resumeProvider",
        tag="providers",
        summary="Let one job try a paused account now",
        parameters=(_path("name", "The provider."),),
        answers={200: ("The account.", ref("account"))},
        problems=(InvalidRequest, UnknownProvider, TryAgain),
    ),
    "GET /usage": Operation(
        id="sumUsage",
        tag="account",
        summary="Sum up jobs, images, credits and bytes",
        description="By day and model of your own jobs; by client of all, which needs the scope"
        f" `admin`. An answer sums up at most {MAX_SUMMED} jobs: add the pages up, of which two may"
        " have the same day, model or client.",
        parameters=USAGE,
        answers={200: ("The sums.", ref("usage"))},
        problems=(InvalidRequest, WrongCursor),
    ),
    "GET /drops": Operation(
        id="listDrops",
        tag="drops",
        summary="List your dropped files, newest first",
        description="Those of the last 30 days.",
        parameters=(
            _query(
                "limit",
                "Files on a page.",
                type="integer",
                minimum=1,
                maximum=MAX_DROPS,
                default=DEFAULT_DROPS,
            ),
            _query("cursor", "The `cursor` of the previous page.", type="string"),
        ),
        answers={200: ("A page of files.", ref("dropPage"))},
        problems=(InvalidRequest, WrongCursor),
    ),
    "GET /drops/{file+}": Operation(
        id="getDrop",
        tag="drops",
        summary="Get a dropped file, with its bad rows and links to its receipts",
        parameters=(
            _path("file", "The file's key; its slashes may be sent as they are."),
            _query(
                "version",
                "A version of the file, instead of the newest.",
                type="string",
                pattern="^[!-~]{1,1024}$",
            ),
            _query("cursor", "The `cursor` of the previous bad rows.", type="string"),
        ),
        answers={200: ("The file.", ref("dropDetails"))},
        problems=(InvalidRequest, UnknownDrop, WrongCursor),
    ),
    "GET /account": Operation(
        id="getAccount",
        tag="account",
        summary="Get the key's scopes, the providers' accounts, and your receivers",
        answers={200: ("The account.", ref("clientAccount"))},
    ),
    "POST /account/receivers/{id}/resume": Operation(
        id="resumeReceiver",
        tag="account",
        summary="Switch a receiver of webhooks on again",
        parameters=(_path("id", "The receiver's id."),),
        answers={200: ("The receiver.", ref("listedReceiver"))},
        problems=(UnknownReceiver,),
    ),
    "GET /models": Operation(
        id="listModels",
        tag="models",
        summary="List the models",
        answers={200: ("All models.", ref("models"))},
    ),
    "GET /models/{model_id+}": Operation(
        id="getModel",
        tag="models",
        summary="Get a model: its input as JSON Schema, and its price",
        parameters=(_path("model_id", "The model's id; its slash may be sent as it is."),),
        answers={200: ("The model.", ref("model"))},
        problems=(UnknownModel,),
    ),
    "GET /openapi.json": Operation(
        id="getOpenApi",
        tag="documentation",
        summary="Get this description",
        parameters=(IF_NONE_MATCH,),
        answers={200: ("OpenAPI 3.1.", {"type": "object"}), 304: _UNCHANGED},
        needs_key=False,
        is_tagged=True,
    ),
    "GET /docs": Operation(
        id="readDocs",
        tag="documentation",
        summary="Read this description as a page",
        parameters=(IF_NONE_MATCH,),
        answers={200: ("A page.", {"type": "string"}), 304: _UNCHANGED},
        kind="text/html",
        needs_key=False,
        is_tagged=True,
    ),
}
WITH_KEY: Final = (Unauthorized, MissingScope)
