"""Which jobs of a client a list has."""

from collections.abc import Sequence
from dataclasses import dataclass
from unicodedata import normalize

from ringback.domain.drops import prompt_of
from ringback.domain.jobs import GONE, Job


@dataclass(frozen=True, slots=True, kw_only=True)
class JobFilter:
    """A job passes if it has one of the ``statuses``, the model, and all tags and words.

    What is empty is not asked for, but jobs that are being deleted have to be. ``words`` are as
    ``words_in`` returns them.
    """

    statuses: frozenset[str] = frozenset()
    model: str = ""
    tags: frozenset[str] = frozenset()
    words: Sequence[str] = ()

    def passes(self, job: Job) -> bool:
        if job.status not in self.statuses if self.statuses else job.status in GONE:
            return False
        if self.model and job.request.model != self.model:
            return False
        if not self.tags.issubset(map(_composed, job.request.tags)):
            return False
        if not self.words:
            return True
        prompt = folded(prompt_of(job.request.input))
        return all(word in prompt for word in self.words)


def folded(text: str) -> str:
    """Return a text so that its case and its forms of a character make no difference."""
    return normalize("NFKC", text.casefold())


def words_in(text: str) -> Sequence[str]:
    return folded(text).split()


def tags_of(texts: Sequence[str]) -> frozenset[str]:
    return frozenset(map(_composed, texts))


def _composed(tag: str) -> str:
    # Systems differ in how they write accents.
    return normalize("NFC", tag)
