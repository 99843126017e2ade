"""Accept many jobs at once. Each is accepted, or refused, by itself."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from ringback.domain.errors import RequestRefused, TryAgain
from ringback.domain.job_posts import JobPost
from ringback.domain.jobs import Job

# The last job begins before this much of the function's time is left: one may check fourteen
# images.
SECONDS_FOR_ONE: Final = 8.0
Time = Callable[[], float]
NO_TIME: Final = "There was no time left for this one; send the same batch again."


@dataclass(frozen=True, slots=True, kw_only=True)
class PostBatch:
    """Safe to repeat: each post has a key of its own.

    ``post`` accepts one job, or raises ``RequestRefused`` or ``TryAgain``.
    """

    post: Callable[[JobPost], Job]
    seconds_left: Time

    def __call__(self, posts: Sequence[JobPost]) -> Sequence[Job | RequestRefused | TryAgain]:
        """Return the outcome of each. Any other error leaves the rest to a repeat."""
        return [
            self._one(each) if self.seconds_left() > SECONDS_FOR_ONE else TryAgain(NO_TIME)
            for each in posts
        ]

    def _one(self, post: JobPost) -> Job | RequestRefused | TryAgain:
        try:
            return self.post(post)
        except (RequestRefused, TryAgain) as error:
            return error
