"""The check queue: jobs whose callback is overdue or unproven."""

import os
from collections.abc import Sequence
from functools import cache

from ringback.starting import Event, LambdaContext, Logger, Metrics, start
from ringback.aws.accounts import AccountTable
from ringback.aws.job_table import JobTable
from ringback.aws.provider_access import provider_access
from ringback.aws.queues import SqsArchiveQueue, SqsCheckQueue, SqsSubmitQueue
from ringback.aws.recording import verdict_recorder
from ringback.aws.secrets import JsonSecret
from ringback.aws.told_jobs import ToldJobs
from ringback.aws.told_marks import ToldTable
from ringback.callbacks.tokens import CallbackUrls
from ringback.domain.accounts import Probe
from ringback.domain.checks import Check, from_message
from ringback.domain.clock import utc_now
from ringback.job_metrics import report_check, verdict_reports
from ringback.lambda_events import BatchReply, process_together
from ringback.providers.registry import EXTERNAL, PROVIDERS, Clients
from ringback.settings import CheckJobsSettings
from ringback.use_cases.check_jobs import CheckJobs, none_told
from ringback.use_cases.probe_account import ProbeAccount

logger, metrics = Logger(service="check_jobs"), Metrics(os.environ)


@cache
def check_jobs() -> CheckJobs:
    settings = CheckJobsSettings.from_environ(os.environ, providers=EXTERNAL)
    callback_secret = JsonSecret.connect(settings.callback_secret_arn)
    table, jobs = settings.jobs_table, JobTable.connect(settings.jobs_table)
    checks = SqsCheckQueue.connect(settings.check_queue_url)
    archive = SqsArchiveQueue.connect(settings.archive_queue_url)
    accounts, clients = AccountTable.connect(table), Clients(provider_access(settings, now=utc_now))
    return CheckJobs(
        jobs=jobs,
        accounts=accounts,
        probe=ProbeAccount(accounts=accounts, clients=clients, now=utc_now),
        checks=checks,
        archive=archive,
        queue=SqsSubmitQueue.connect(settings.submit_queue_url),
        record=verdict_recorder(settings, now=utc_now, **verdict_reports(logger, metrics)),
        told=ToldTable.connect(table) if settings.tells_events else None,
        told_jobs=ToldJobs.connect(table).of if settings.tells_events else none_told,
        providers=PROVIDERS,
        clients=clients,
        callback_urls=CallbackUrls.signed_by(callback_secret, settings.callback_base_url).of,
        now=utc_now,
    )


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: Event, context: LambdaContext) -> BatchReply:
    return handle(event, check_jobs())


def handle(event: Event, check_jobs: CheckJobs) -> BatchReply:
    def process(checks: Sequence[Check | Probe]) -> list[Exception | None]:
        outcomes = check_jobs(checks)
        for check, outcome in zip(checks, outcomes, strict=True):
            report_check(logger, metrics, check, outcome)
        return [outcome if isinstance(outcome, Exception) else None for outcome in outcomes]

    return process_together(event, from_message, process, logger, metrics)


start(os.environ, check_jobs)
