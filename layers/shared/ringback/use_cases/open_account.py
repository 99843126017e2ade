"""Open an account once a task proves that it works."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from ringback.domain.accounts import Account
from ringback.domain.jobs import Job
from ringback.use_cases.ports import AccountStore

Announce = Callable[[Account], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAccount:
    """Safe to repeat; if it fails, no job is lost, and the next trial opens the account.

    ``announce`` tells the owner, once, that the account is open again.
    """

    accounts: AccountStore
    announce: Announce
    now: Callable[[], datetime]

    def __call__(self, job: Job) -> None:
        """Open the account of a job that the provider has made a task of.

        Nothing changes unless the account was half-open when the job was sent, and still is.
        """
        with suppress(Exception):
            at = self.now()
            began_at = job.submitted_at or at
            opened = self.accounts.open(job.request.provider, at=at, began_at=began_at)
            if opened.done:
                self.announce(opened.account)
