"""The errors of this package, by what the code that catches them should do.

RingbackError
├── RequestRefused          repeating the request will not help
│   ├── InvalidRequest
│   ├── IdempotencyConflict
│   ├── KeyInUse
│   ├── UnknownJob
│   ├── UnknownModel
│   ├── UnknownDrop
│   ├── UnknownProvider
│   ├── WrongState
│   ├── PayloadTooLarge
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
├── ImageRefused            not an image we store: final
│   └── NotAnImage              no image at all, perhaps an error page: worth one fresh link
├── ThumbnailRefused        an image that is too large or damaged for a thumbnail: final
├── LinkDead                worth one fresh link from the provider
└── TransferInterrupted     try again later
"""

from collections.abc import Sequence
from dataclasses import dataclass


class RingbackError(Exception):
    """Base of all errors that this package raises deliberately."""


class RequestRefused(RingbackError):
    """The request is wrong."""


@dataclass(frozen=True, slots=True)
class FieldError:
    """``field`` is a dotted path into the request body, such as ``input.image_urls.0``."""

    field: str
    message: str


class InvalidRequest(RequestRefused):
    """A request that its model does not accept; ``errors`` names every invalid field."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__(f"{len(errors)} invalid field(s)")
        self.errors = tuple(errors)


class IdempotencyConflict(RequestRefused):
    """An Idempotency-Key that was used with another request."""


class KeyInUse(RequestRefused):
    """The first request with this Idempotency-Key is still being recorded."""


class UnknownJob(RequestRefused):
    """The job does not exist or belongs to another client."""


class UnknownModel(RequestRefused):
    """The catalogue has no such model."""


class UnknownDrop(RequestRefused):
    """The client has no job of such a dropped file."""


class UnknownProvider(RequestRefused):
    """There is no such provider."""


class WrongState(RequestRefused):
    """The job's state does not allow what was requested."""


class PayloadTooLarge(RequestRefused):
    """The request body is over the size limit."""


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
    """What the URL returns is not an image that we store."""


class NotAnImage(ImageRefused):
    """What the URL returns has none of the formats: another kind of image, or a page."""


class ThumbnailRefused(RingbackError):
    """No thumbnail can be made of this image; the image itself is unaffected."""


class LinkDead(RingbackError):
    """The link is gone (403, 404, 410)."""


class TransferInterrupted(RingbackError):
    """Time-out, reset, server error or a short body."""
