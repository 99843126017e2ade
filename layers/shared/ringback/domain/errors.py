"""The errors of this package, by what the code that catches them should do.

RingbackError
├── RequestRefused          repeating the request will not help
│   ├── InvalidRequest
│   ├── WrongCursor
│   ├── IdempotencyConflict
│   ├── KeyInUse
│   ├── TooManyJobs         the client's limit; the next window takes it
│   ├── UnknownJob
│   │   └── JobDeleted      it did exist
│   ├── UnknownModel
│   ├── UnknownDrop
│   ├── UnknownProvider
│   ├── UnknownReceiver
│   ├── UnknownRoute
│   ├── WrongState
│   ├── PayloadTooLarge
│   ├── Unauthorized
│   │   └── MissingScope    a known key that may not do this
│   ├── SignatureRejected
│   └── MalformedCallback
├── SheetRefused            a sheet, or the rest of it, cannot be read: final
│   └── RecipeMissing       a photo in a folder that has no recipe (yet)
├── InputImageRefused       an s3:// input image that a provider would not accept
├── TryAgain                a message was not sent; the same request may work in a moment
├── NotConfigured           the owner has to store a secret
│   └── CredentialsRefused      the provider does not accept the one that is stored
├── ProviderUnavailable     try again later
│   └── TaskUnreadable          the provider answers, but says nothing about this task
├── AddressRefused          a URL that we never connect to: final
├── ImageRefused            too large, or there is no place for it: final
├── NotAnImage              other bytes, perhaps an error page: worth a fresh link, kept in the end
├── ThumbnailRefused        an image that is too large or damaged for a thumbnail: final
├── LinkDead                worth a fresh link from the provider
├── TransferInterrupted     try again later
│   └── TimedOut                the other side takes longer than it may
├── ReceiptsReplaced        somebody else has written a drop's receipts meanwhile: try again
├── NotTold                 an event did not reach the bus or a receiver's queue: tell it again
└── UnknownMessage          a message of a queue that no function knows: a dead letter
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, ParamSpec, TypeVar

from ringback.domain.allowances import Allowance
from ringback.domain.images import ImageFacts, Remains

Value = TypeVar("Value")
Given = ParamSpec("Given")


class RingbackError(Exception):
    """Base of all errors that this package raises deliberately."""


class RequestRefused(RingbackError):
    """The request is wrong."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """``field`` is a dotted path into the request body, such as ``input.image_urls.0``."""

    field: str
    message: str


# Of one request. A short field has a long message, and an answer of Lambda's has 6 MB at most, also
# one about a hundred requests.
MAX_ERRORS: Final = 100


class InvalidRequest(RequestRefused):
    """A request that its model does not accept.

    ``errors`` names every invalid field, or the first ``MAX_ERRORS``.
    """

    def __init__(self, errors: Iterable[FieldError]) -> None:
        self.errors = tuple(islice(errors, MAX_ERRORS))
        super().__init__(f"{len(self.errors)} invalid field(s)")


def adding(
    errors: Sequence[FieldError],
    read: Callable[Given, Value],
    *given: Given.args,
    **named: Given.kwargs,
) -> Value:
    """Return what ``read`` returns; if it raises ``InvalidRequest``, put these errors first."""
    try:
        return read(*given, **named)
    except InvalidRequest as refused:
        raise InvalidRequest([*errors, *refused.errors]) from None


def reasons_of(refused: RingbackError) -> tuple[FieldError, ...]:
    """Return what is wrong, field by field if the error says so."""
    if isinstance(refused, InvalidRequest):
        return refused.errors
    return (FieldError("", str(refused)),)


def by_class(error: RingbackError, table: Mapping[type[RingbackError], Value]) -> Value:
    """Return what the table has for the error's class, or for the nearest class above it."""
    return next(table[kind] for kind in type(error).__mro__ if kind in table)


class WrongCursor(RequestRefused):
    """The cursor is that of another list, or none."""


class IdempotencyConflict(RequestRefused):
    """An Idempotency-Key that was used with another request."""


class KeyInUse(RequestRefused):
    """The first request with this Idempotency-Key is still being recorded."""


class TooManyJobs(RequestRefused):
    """The client has posted as many jobs as it may in this window."""

    def __init__(self, allowance: Allowance) -> None:
        most, seconds = allowance.most, allowance.seconds
        super().__init__(f"You may post {most} jobs a minute; the next can be in {seconds} s.")
        self.allowance = allowance


class UnknownJob(RequestRefused):
    """The job does not exist or belongs to another client."""


class JobDeleted(UnknownJob):
    """The client has deleted the job; nothing of it is left, and it is not made again."""


class UnknownModel(RequestRefused):
    """The catalogue has no such model."""


class UnknownDrop(RequestRefused):
    """The client has no job of such a dropped file."""


class UnknownProvider(RequestRefused):
    """There is no such provider."""


class UnknownReceiver(RequestRefused):
    """The client has no such receiver of webhooks."""


class UnknownRoute(RequestRefused):
    """The API has no such route, or not with this method."""


class WrongState(RequestRefused):
    """The job's state does not allow what was requested."""


class PayloadTooLarge(RequestRefused):
    """The request body is over the size limit."""


class Unauthorized(RequestRefused):
    """The request names no client; the message says what is missing."""


class MissingScope(Unauthorized):
    """The key may not do this; the message names the scope that it lacks."""


class SignatureRejected(RequestRefused):
    """The callback is not from the provider, or its signature is too old."""


class MalformedCallback(RequestRefused):
    """A callback whose body cannot be read."""


class SheetRefused(RingbackError):
    """The file, or the rest of it, cannot be read as rows; the message says why."""


class RecipeMissing(SheetRefused):
    """The folder that a photo was dropped into has no recipe (yet)."""


class InputImageRefused(RingbackError):
    """An input image that does not exist, is not allowed, too large or of another type."""


class ReceiptsReplaced(RingbackError):
    """What a report would go on from is not there any more."""


class TryAgain(RingbackError):
    """The queue did not confirm a message."""


class NotConfigured(RingbackError):
    """A secret that this needs has not been stored."""


class CredentialsRefused(NotConfigured):
    """The provider does not accept the credentials."""


class ProviderUnavailable(RingbackError):
    """The provider could not be reached, or gave no readable answer."""


class TaskUnreadable(ProviderUnavailable):
    """The provider itself answered, but nothing that can be read about these tasks."""


class AddressRefused(RingbackError):
    """The URL is malformed, or leads to an address that is not public."""


class ImageRefused(RingbackError):
    """What the URL returns is too large, or its place in the bucket is taken."""


class NotAnImage(RingbackError):
    """The bytes have none of the formats: another kind of image, or a page.

    ``remains`` describes them once they are downloaded.
    """

    def __init__(self, reason: str, remains: Remains | None = None) -> None:
        super().__init__(reason)
        self.remains = remains


class ThumbnailRefused(RingbackError):
    """No thumbnail can be made of this image; the image itself is unaffected."""


class LinkDead(RingbackError):
    """The link leads nowhere (any 4xx that does not ask for patience), or there is none."""


class TransferInterrupted(RingbackError):
    """Time-out, reset, server error or a short body.

    ``part`` describes the image if its beginning was downloaded.
    """

    def __init__(self, reason: str, part: ImageFacts | None = None) -> None:
        super().__init__(reason)
        self.part = part


class TimedOut(TransferInterrupted):
    """There was no time left."""


class NotTold(RingbackError):
    """An event that the bus did not take, or a final job whose end nobody was told (yet)."""


class UnknownMessage(RingbackError):
    """A queue's message in none of the shapes that this version or its neighbors send."""
