"""All metrics: their names, units and dimensions. Alarms of template.yaml watch some of them."""

from collections.abc import Mapping
from typing import Final

from ringback.domain.jobs import FINAL, JobStatus
from ringback.metrics import Metric

COUNT: Final = "Count"
SECONDS: Final = "Seconds"
BYTES: Final = "Bytes"

PROVIDER: Final = ("Provider",)
FUNCTION: Final = ("Function",)

# New jobs, and jobs by the state in which they end.
JOBS: Final[Mapping[JobStatus, Metric]] = {
    status: Metric("Jobs" + status.replace("_", " ").title().replace(" ", ""), COUNT)
    for status in (JobStatus.ACCEPTED, *sorted(FINAL))
}
# From the request to the provider to the callback that decided the job; its sample count is the
# number of jobs that callbacks decided.
TIME_TO_CALLBACK: Final = Metric("TimeToCallback", SECONDS)
# Jobs that a check decided though their provider sends callbacks.
CALLBACKS_MISSED: Final = Metric("CallbacksMissed", COUNT)
# Callbacks with an unknown address or a wrong signature.
CALLBACKS_REFUSED: Final = Metric("CallbacksRefused", COUNT)
# From the provider's result to the last copied image; not of a job of which an earlier attempt has
# stored a part.
TIME_TO_ARCHIVE: Final = Metric("TimeToArchive", SECONDS)
BYTES_ARCHIVED: Final = Metric("BytesArchived", BYTES)
IMAGES_QUARANTINED: Final = Metric("ImagesQuarantined", COUNT)
ACCOUNT_REFUSALS: Final = Metric("AccountRefusals", COUNT, PROVIDER)
# 1 when an account is paused and after each probe of it that changes nothing, 0 when it is open.
ACCOUNT_PAUSED: Final = Metric("AccountPaused", COUNT, PROVIDER)
CREDITS_LEFT: Final = Metric("CreditsLeft", COUNT, PROVIDER)
# Tries to deliver a webhook that the receiver did not answer with 2xx.
DELIVERIES_FAILED: Final = Metric("DeliveriesFailed", COUNT)
RECEIVERS_SWITCHED_OFF: Final = Metric("ReceiversSwitchedOff", COUNT)
# Messages and records that a function returned to their queue or stream. Lambda counts no error.
MESSAGES_FAILED: Final = Metric("MessagesFailed", COUNT, FUNCTION)
# 1 for a run of the canary that did not come out, 0 for one that did.
CANARY_FAILED: Final = Metric("CanaryFailed", COUNT)
