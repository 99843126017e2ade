"""URLs in requests: refuse what would never be contacted, as far as that needs no resolver."""

from collections.abc import Collection

from ringback.domain.errors import AddressRefused
from ringback.outbound.addresses import why_not_public
from ringback.outbound.urls import parse_url


def check_public(url: str, *, plain_http_hosts: Collection[str] = ()) -> None:
    """Raise ``AddressRefused`` unless it is an ASCII https URL of a host that may be public."""
    if not url.isascii():
        raise AddressRefused("URL contains a character that is not percent-encoded")
    target = parse_url(url, plain_http_hosts=plain_http_hosts)
    reason = why_not_public(target.host) if target.is_address and target.encrypted else None
    if reason:
        raise AddressRefused(f"URL has an IP address that is not public ({reason})")
