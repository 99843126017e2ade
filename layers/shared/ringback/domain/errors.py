"""What can go wrong, sorted by what the one who catches it should do.

RingbackError
├── RequestRefused          repeating the request will not help
│   ├── InvalidRequest
│   ├── IdempotencyConflict
│   ├── KeyInUse
│   ├── UnknownJob
│   ├── UnknownModel
│   ├── WrongState
│   ├── PayloadTooLarge
│   ├── SignatureRejected
│   └── MalformedCallback
├── SheetRefused            a sheet of jobs, or all that follows in it, cannot be read: final
│   └── RecipeMissing       a photo in a folder without a recipe, or before it
├── InputImageRefused       an s3:// input image that a provider would not take
├── TryAgain                a message was not sent; the same request may work in a moment
├── NotConfigured           the owner has to put a secret in place
├── ProviderUnavailable     ask the provider again later
├── AddressRefused          a URL that we do not talk to: final
├── ImageRefused            not an image we keep: final
│   └── NotAnImage              none at all; worth one fresh link, for it may be a page that says so
├── ThumbnailRefused        an image that is too large or too broken to be made smaller: final
├── LinkDead                worth one fresh link from the provider
└── TransferInterrupted     worth another try later
"""

from collections.abc import Sequence
from dataclasses import dataclass


class RingbackError(Exception):
    """Base of every error that this package raises on purpose."""


class RequestRefused(RingbackError):
    """The request is wrong."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """``field`` is a dotted path into the request body, such as ``input.image_urls.0``."""

    field: str
    message: str


class InvalidRequest(RequestRefused):
    """A job that its model would not take; ``errors`` names every wrong field."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__(f"{len(errors)} invalid field(s)")
        self.errors = tuple(errors)


class IdempotencyConflict(RequestRefused):
    """An Idempotency-Key that was used with another request."""


class KeyInUse(RequestRefused):
    """The first request with this Idempotency-Key is still being recorded."""


class UnknownJob(RequestRefused):
    """There is no such job, or it is not for the one who asks."""


class UnknownModel(RequestRefused):
    """The catalogue has no such model."""


class WrongState(RequestRefused):
    """What is asked for cannot be done to a job that stands where this one does."""


class PayloadTooLarge(RequestRefused):
    """The request body is larger than anything we would read."""


class SignatureRejected(RequestRefused):
    """The callback is not from the provider, or too old to tell."""


class MalformedCallback(RequestRefused):
    """A callback whose body cannot be read."""


class SheetRefused(RingbackError):
    """The rows of the file cannot be told apart, or it is no sheet at all; its text says why."""


class RecipeMissing(SheetRefused):
    """There is no recipe (yet) in the folder that a photo was dropped into."""


class InputImageRefused(RingbackError):
    """An input image that is not there, not allowed, too large or of another type."""


class TryAgain(RingbackError):
    """The queue did not confirm a message."""


class NotConfigured(RingbackError):
    """A secret that this needs has not been put in place."""


class ProviderUnavailable(RingbackError):
    """The provider could not be asked, or gave no readable answer."""


class AddressRefused(RingbackError):
    """The URL is odd, or leads to an address that is not public."""


class ImageRefused(RingbackError):
    """What the URL gives is not an image we keep."""


class NotAnImage(ImageRefused):
    """What the URL gives is of none of the formats: another kind of image, or a page."""


class ThumbnailRefused(RingbackError):
    """No thumbnail can be made of this image; the image itself is as it was."""


class LinkDead(RingbackError):
    """The link is gone (403, 404, 410)."""


class TransferInterrupted(RingbackError):
    """Time-out, reset, server error or a short body."""
