"""The modules to mutate, each with the tests that ought to notice."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from local.paths import ROOT

SHARED: Final = "layers/shared/ringback"
PAUSES: Final = "tests/unit/test_paused_account.py"
CRASHES: Final = ("tests/contract/test_crash_points.py::test_no_single_fault_breaks_a_guarantee",)
DROPPED: Final = ("tests/unit/test_take_drop.py",)
RECEIVED: Final = ("tests/integration/test_receive_callback.py",)
CALL_TIMES: Final = "tests/contract/test_call_times.py"
TIME_TO_PAY: Final = f"{CALL_TIMES}::test_nobody_pays_without_the_time_to_record_it"
COPY_TIMES: Final = (
    "tests/contract/test_aws_adapters.py::test_three_attempts_at_s3_fit_after_the_slowest_download"
)
FAILURES: Final = "contract/test_failed_writes"
REPEATS: Final = "contract/test_own_repeats"
ADAPTERS: Final = "contract/test_aws_adapters"
STORES: Final = "tests/contract/test_webhook_stores.py"
LIMITS: Final = "tests/unit/test_live.py"
DELETIONS: Final = "contract/test_deletions"
READS: Final = "contract/test_consistent_reads"
OTHER_VERSIONS: Final = "contract/test_other_versions"


@dataclass(frozen=True)
class Module:
    """``slow_tests`` are for the mutants that survive ``tests``."""

    name: str
    tests: tuple[str, ...]
    slow_tests: tuple[str, ...] = ()

    @property
    def file(self) -> Path:
        if self.name.startswith("functions/"):
            return ROOT / self.name / "app.py"
        return ROOT / SHARED / f"{self.name}.py"

    @property
    def dotted(self) -> str:
        name = f"{self.name}/app" if self.name.startswith("functions/") else f"ringback/{self.name}"
        return name.replace("/", ".")


def _use_case(name: str, *more: str, slow_tests: tuple[str, ...] = ()) -> Module:
    return Module(f"use_cases/{name}", (f"tests/unit/test_{name}.py", *more), slow_tests)


def _function(name: str, tests: str = "", *more: str) -> Module:
    return Module(f"functions/{name}", (*more, f"tests/integration/test_{tests or name}.py"))


def _aws(name: str, *tests: str, slow_test: str = "") -> Module:
    slow_tests = (f"tests/{slow_test}.py",) if slow_test else ()
    return Module(f"aws/{name}", tuple(f"tests/{each}.py" for each in tests), slow_tests)


def _existing(*patterns: str) -> tuple[str, ...]:
    found = [path for pattern in patterns for path in sorted(ROOT.glob(pattern))]
    return tuple(str(path.relative_to(ROOT)) for path in found)


APIS: Final = _existing("tests/unit/providers/test_*_api.py")


def _of_providers() -> list[Module]:
    """Return what each provider has of a client, a callback reader, access tokens and an API."""
    tests = {
        "answers": ("tests/unit/providers/test_{}_reader.py", "tests/contract/test_{}_client.py"),
        "tasks": ("tests/unit/providers/test_{}_reader.py", "tests/contract/test_{}_client.py"),
        "client": ("tests/contract/test_{}_client.py", "tests/unit/providers/test_{}_reader.py"),
        "callback": ("tests/contract/test_{}_bodies.py", "tests/unit/providers/test_{}_reader.py"),
        "access_tokens": ("tests/unit/providers/test_access_tokens.py",),
        "api": ("tests/unit/providers/test_{}_api.py",),
        "api_requests": ("tests/unit/providers/test_{}_api.py",),
        "webhooks": ("tests/unit/providers/test_{}_webhooks.py",),
        "task_bodies": (
            "tests/unit/providers/test_{}_api.py",
            "tests/unit/providers/test_{}_webhooks.py",
        ),
    }
    return [
        Module(
            f"providers/{path.parent.name}/{path.stem}",
            _existing(*[pattern.format(path.parent.name) for pattern in tests[path.stem]]),
            RECEIVED if path.stem == "callback" else (),
        )
        for path in sorted(ROOT.glob(f"{SHARED}/providers/*/*.py"))
        if path.stem in tests
    ]


def _by_name(*modules: Module) -> dict[str, Module]:
    return {module.name: module for module in modules}


_CHECKS: Final = ("tests/unit/test_check_steps.py", "tests/unit/test_check_jobs.py")
_HANDLERS: Final = "tests/unit/test_queue_handlers.py"

# What comes first is what must not be left out for want of time.
MODULES: Final = _by_name(
    Module("lambda_events", ("tests/unit/test_lambda_events.py",)),
    Module("drop_notifications", ("tests/unit/test_drop_notifications.py",)),
    Module("http_api/requests", ("tests/unit/http_api",)),
    Module("callbacks/tokens", ("tests/unit/callbacks",)),
    Module("callbacks/signatures", ("tests/unit/callbacks",)),
    _use_case("authorize_client", "tests/unit/callbacks/test_timing_safety.py"),
    _use_case("client_tokens", "tests/unit/callbacks/test_timing_safety.py"),
    _use_case("webhook_forms"),
    Module("use_cases/provider_apis", APIS),
    _aws("table_items", FAILURES, READS, REPEATS, "contract/test_account_store"),
    _aws("attribute_values", "contract/test_attribute_values"),
    Module("aws/clients", (CALL_TIMES,)),
    Module("providers/timed_transport", (CALL_TIMES,)),
    _function("submit_job", "", _HANDLERS),
    _function("check_jobs", "", _HANDLERS),
    _function("archive_images", "", _HANDLERS),
    _function("take_drops", "drops", _HANDLERS),
    _function("receive_callback"),
    _function("accept_job"),
    Module("use_cases/post_batch", ("tests/integration/test_post_batch.py",)),
    _function("change_job"),
    _function("delete_jobs", "", _HANDLERS),
    _use_case("delete_job"),
    _aws("deletions", DELETIONS, FAILURES),
    _aws("job_objects", "contract/test_job_objects"),
    _function("serve_provider_apis"),
    _use_case("accept_callback", slow_tests=RECEIVED),
    _use_case("accept_job", "tests/unit/test_take_drop.py", slow_tests=CRASHES),
    _use_case("submit_job", TIME_TO_PAY, PAUSES, slow_tests=CRASHES),
    Module("use_cases/record_answer", ("tests/unit/test_submit_job.py", TIME_TO_PAY), CRASHES),
    Module("use_cases/change_account", (PAUSES,)),
    Module("use_cases/open_account", (PAUSES,)),
    Module("providers/task_states", ("tests/unit/providers",)),
    Module("use_cases/probe_account", (PAUSES,)),
    Module("use_cases/resume_account", (PAUSES,)),
    Module(
        "domain/rate_windows",
        ("tests/contract/test_rate_window.py", "tests/contract/test_failed_writes.py"),
    ),
    Module("domain/accounts", (PAUSES, "tests/unit/test_find_jobs.py", *APIS)),
    Module(
        "use_cases/record_verdict",
        ("tests/unit/test_accept_callback.py", PAUSES, *_CHECKS),
        CRASHES,
    ),
    _use_case("check_jobs", slow_tests=CRASHES),
    _function("notify_client"),
    _use_case("notify_client"),
    _use_case("deliveries"),
    Module("callbacks/standard_webhooks", ("tests/unit/callbacks",)),
    Module("outbound/webhook_sender", ("tests/unit/outbound/test_webhook_sender.py",)),
    Module("domain/webhooks", ("tests/unit/test_webhooks.py", "tests/unit/test_notify_client.py")),
    Module("domain/receivers", (STORES, "tests/unit/test_notify_client.py")),
    Module("aws/receivers", (STORES,), ("tests/integration/test_notify_client.py",)),
    Module("aws/deliveries", (STORES,), ("tests/integration/test_notify_client.py",)),
    _function("publish_events", "", _HANDLERS),
    _use_case("publish_events", slow_tests=CRASHES),
    _use_case("make_events"),
    _function("follow_jobs"),
    _use_case("follow_jobs", LIMITS),
    _use_case("tell_followers", LIMITS),
    Module("domain/live", (LIMITS, "tests/unit/test_follow_jobs.py")),
    _aws(
        "live_items",
        "contract/test_live_items",
        READS,
        "unit/test_live",
        slow_test="integration/test_follow_jobs",
    ),
    _aws("live_lines", "contract/test_live_lines"),
    _aws("stream_records", "unit/test_stream_records"),
    _aws("event_bus", "contract/test_event_bus"),
    _aws("told_jobs", "contract/test_told_marks"),
    _aws("told_marks", "contract/test_told_marks", READS),
    Module("domain/changes", ("tests/unit/test_make_events.py",)),
    Module("domain/telling", _CHECKS),
    _function("run_canary"),
    _function("answer_canary", "run_canary"),
    _use_case("run_canary"),
    _use_case("answer_canary"),
    _aws("canary", "contract/test_canary_client"),
    Module("providers/canary/http", ("tests/contract/test_canary_client.py",)),
    Module("domain/canary", ("tests/unit/test_run_canary.py", "tests/unit/catalogue")),
    _use_case("archive_images", COPY_TIMES, slow_tests=CRASHES),
    Module("use_cases/lost_images", ("tests/unit/test_archive_images.py",)),
    Module("use_cases/fetch_image", ("tests/unit/test_archive_images.py", COPY_TIMES), CRASHES),
    Module("use_cases/copy_image", ("tests/unit/test_archive_images.py", COPY_TIMES), CRASHES),
    _use_case("change_job"),
    _use_case("take_drop"),
    _use_case("retry_drop"),
    _use_case("summarize_drop"),
    Module("use_cases/report_drop", ("tests/unit/test_summarize_drop.py",), DROPPED),
    Module("use_cases/receipt_table", ("tests/unit/test_summarize_drop.py",), DROPPED),
    Module("domain/check_steps", _CHECKS, CRASHES),
    Module("domain/checks", ("tests/unit/test_checks.py", *_CHECKS)),
    Module("domain/delays", ("tests/unit/test_delays.py",)),
    _aws("job_counts", "contract/test_job_counts", "integration/test_client_limits"),
    _aws("idempotency_items", "contract/test_job_store", OTHER_VERSIONS),
    _aws("job_table", FAILURES, "contract/test_job_store", READS, REPEATS, OTHER_VERSIONS),
    _aws("drop_progress", FAILURES, READS, REPEATS, ADAPTERS, slow_test="integration/test_drops"),
    _aws("shared_token", READS, "contract/test_token_store"),
    _aws("rate_window", FAILURES, READS, "contract/test_rate_window", REPEATS),
    _aws("submit_reads", "contract/test_submit_reads"),
    _aws("accounts", "contract/test_account_store"),
    _aws("queues", ADAPTERS, slow_test="integration/test_submit_job"),
    _aws("secrets", ADAPTERS),
    _aws("image_links", "contract/test_image_links"),
    _aws("image_bucket", ADAPTERS, slow_test="integration/test_archive_images"),
    Module("providers/api_calls", (TIME_TO_PAY, *_existing("tests/contract/test_*_client.py"))),
    *_of_providers(),
)

# The rest of the same folders, for a longer run.
NIGHTLY: Final = _by_name(
    _function("authorize_client"),
    _function("query_jobs"),
    _function("show_progress"),
    _function("manage_account"),
    _function("describe_models"),
    _function("open_upload"),
    _use_case("open_upload"),
    _aws("upload_bucket", "contract/test_upload_bucket"),
    _function("serve_studio"),
    *(
        Module(f"studio/{name}", (f"tests/unit/studio/test_{name}.py",))
        for name in ("joined_script", "page_answers", "page_files", "page_headers")
    ),
    _function("make_thumbnails", "", _HANDLERS),
    _function("summarize_drops", "drops", _HANDLERS),
    _use_case("find_jobs"),
    _use_case("note_credits", "tests/integration/test_metrics.py"),
    _use_case("find_drops", "tests/integration/test_show_drops.py"),
    _use_case("client_account", "tests/integration/test_manage_account.py"),
    _use_case("find_timeline", "tests/integration/test_show_progress.py"),
    _use_case("list_jobs"),
    _use_case("sum_usage"),
    Module("use_cases/usage_queries", ("tests/unit/test_sum_usage.py",)),
    _aws("job_keys", "contract/test_job_store"),
    Module("use_cases/list_queries", ("tests/unit/test_list_jobs.py",)),
    Module("use_cases/webhook_rules", ("tests/unit/test_deliveries.py",)),
    Module("use_cases/dropped_files", ("tests/unit/test_list_jobs.py",)),
    _use_case("retry_job"),
    _use_case("limit_jobs", "tests/integration/test_client_limits.py"),
    _use_case("input_images"),
    _use_case("make_thumbnail"),
    _use_case("provenance"),
    _aws("job_items", "contract/test_job_store"),
    _aws("packed_texts", "contract/test_packed_items"),
    _aws("request_items", "contract/test_other_versions", "contract/test_packed_items"),
    _aws("account_items", "contract/test_account_store"),
    _aws("image_metadata", ADAPTERS),
    Module("providers/kept_answers", ("tests/unit/providers",)),
    Module("providers/result_urls", ("tests/unit/providers",)),
    Module("providers/task_ids", ("tests/unit/providers",)),
    Module("providers/credit_words", ("tests/unit/providers",)),
    _aws("receipts", ADAPTERS, slow_test="integration/test_drops"),
    _aws("reports", ADAPTERS, slow_test="integration/test_drops"),
    _aws("drop_bucket", ADAPTERS, slow_test="integration/test_drops"),
    _aws("drop_list", "integration/test_show_drops"),
    _aws("drop_files", "integration/test_show_drops"),
    _aws("job_files", "integration/test_show_progress"),
    _aws("s3", "contract/test_call_times", ADAPTERS),
)
