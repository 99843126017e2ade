"""Strict parsing of URLs, before their hosts are resolved."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Final
from urllib.parse import quote, urljoin

from ringback.domain.errors import AddressRefused
from ringback.domain.links import INVISIBLE
from ringback.outbound.host_names import is_inside

HTTPS_PORT: Final = 443
HTTP_PORT: Final = 80
MAX_URL_LENGTH: Final = 8192
MAX_HOST_LENGTH: Final = 253

# ASCII only: with Unicode rules `s` would also match U+017F.
SHAPE: Final = re.compile(r"(https?)://([^/?#]*)([^?#]*)(\?[^#]*)?(?:#.*)?", re.I | re.A)
# A Location like this is parsed as it is: urljoin tolerates a missing or an extra slash and keeps
# the host where other clients go to another one.
WITH_HOST: Final = re.compile(r"[^/?#]*:|///")
AUTHORITY: Final = re.compile(r"(\[[^\[\]]*\]|[^\[\]:]*)(?::([1-9][0-9]{0,4}))?", re.A)
LABEL: Final = re.compile(r"[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?", re.A)
# Some resolvers read any host with such a last label as IPv4: 127.1, 0x7f.1, 2130706433.
NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*", re.A)
# What RFC 3986 allows after the host, including `%`: escapes stay as they were signed.
PATH_CHARACTERS: Final = "/?:@!$&'()*+,;=%[]~"
URL_CHARACTERS: Final = PATH_CHARACTERS + "#"
# What browsers drop from a URL, wherever it stands.
DROPPED: Final = {ord(character): None for character in "\t\n\r"}
UP_TO_HOST: Final = re.compile(r"https?://[^/?#\\]*", re.I | re.A)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where a request goes: a checked URL whose host is not resolved yet."""

    encrypted: bool
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The host, with its port unless it is the default, as in the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        usual = HTTPS_PORT if self.encrypted else HTTP_PORT
        return host if self.port == usual else f"{host}:{self.port}"

    @property
    def is_address(self) -> bool:
        return ":" in self.host or NUMBER.fullmatch(self.host.rpartition(".")[2]) is not None

    def __repr__(self) -> str:
        # A path may contain a signature, and a repr may end up in logs.
        return f"Target({self.authority})"


def as_browsers_do(url: str) -> str:
    """Trim and percent-encode a URL as browsers do: https://url.spec.whatwg.org/#url-parsing.

    More than browsers trim, everything invisible goes. For links that somebody wrote carelessly.
    The host stays as it is, and must still be parsed.
    """
    if len(url) > MAX_URL_LENGTH:
        return url
    url = url.translate(DROPPED).strip(INVISIBLE)
    host = UP_TO_HOST.match(url)
    if host is None:
        return url
    path, mark, query = url[host.end() :].partition("#")[0].partition("?")
    rest = path.replace("\\", "/") + mark + query
    # Half a surrogate pair becomes U+FFFD.
    rest = rest.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return host[0] + quote(rest, safe=PATH_CHARACTERS)


def parse_url(url: str, *, plain_http_hosts: Collection[str] = ()) -> Target:
    """Parse a URL so strictly that no other parser could find another host in it.

    ``plain_http_hosts`` are the ``host:port`` that may be reached without TLS.

    Raises ``AddressRefused`` for everything else.
    """
    _check_characters(url)
    shape = SHAPE.fullmatch(url)
    if shape is None:
        raise AddressRefused("URL must start with https://")
    scheme, authority, path, query = shape.groups(default="")
    host, port_text = _split_authority(authority)
    encrypted = scheme.lower() == "https"
    port = int(port_text) if port_text else HTTPS_PORT if encrypted else HTTP_PORT
    listed = not encrypted and f"{host}:{port}" in plain_http_hosts
    _check_host(host, inside_allowed=listed)
    if not encrypted and not listed:
        raise AddressRefused("URL uses plain http")
    if encrypted and port != HTTPS_PORT:
        raise AddressRefused("URL has a port other than 443")
    path = quote((path or "/") + query, safe=PATH_CHARACTERS)
    return Target(encrypted=encrypted, host=host.strip("[]"), port=port, path=path)


def follow_redirect(
    target: Target, location: str, *, plain_http_hosts: Collection[str] = ()
) -> Target:
    """Parse a Location header, which http.client decoded as Latin-1, as strictly as a URL.

    Raises ``AddressRefused``.
    """
    scheme = "https" if target.encrypted else "http"
    try:
        location = location.encode("latin-1").decode("utf-8").strip(" ").replace(" ", "%20")
        _check_characters(location)
        reference = quote(location, safe=URL_CHARACTERS)
        here = f"{scheme}://{target.authority}{target.path}"
        url = reference if WITH_HOST.match(reference) else urljoin(here, reference)
    except ValueError as error:
        raise AddressRefused("redirect has an invalid Location") from error
    following = parse_url(url, plain_http_hosts=plain_http_hosts)
    if target.encrypted and not following.encrypted:
        raise AddressRefused("redirect leads from https to http")
    return following


def _check_characters(url: str) -> None:
    """Refuse characters that URL parsers drop, trim, fold or replace."""
    if len(url) > MAX_URL_LENGTH:
        raise AddressRefused("URL is too long")
    if "\\" in url or " " in url or not url.isprintable():
        raise AddressRefused("URL contains a space, backslash, control or invisible character")


def _split_authority(authority: str) -> tuple[str, str]:
    if "@" in authority:
        raise AddressRefused("URL contains user information")
    if not authority.isascii():
        raise AddressRefused("URL has a host that is not ASCII; use Punycode")
    parts = AUTHORITY.fullmatch(authority.lower())
    if parts is None:
        raise AddressRefused("URL has a malformed host or port")
    host, port = parts.groups(default="")
    return host, port


def _check_host(host: str, *, inside_allowed: bool) -> None:
    if host.startswith("["):
        _check_ipv6(host[1:-1])
        return
    labels = host.split(".")
    if len(host) > MAX_HOST_LENGTH or not all(LABEL.fullmatch(label) for label in labels):
        raise AddressRefused("URL has a malformed host or port")
    if NUMBER.fullmatch(labels[-1]):
        _check_ipv4(host)
    elif len(labels) == 1 and not inside_allowed:
        raise AddressRefused("URL has a host without a dot")
    elif is_inside(host) and not inside_allowed:
        raise AddressRefused("URL has the name of a host inside a network, not a public one")


def _check_ipv4(host: str) -> None:
    try:
        IPv4Address(host)  # four decimal numbers without leading zeros, nothing else
    except ValueError as error:
        raise AddressRefused("URL has an IPv4 address that is not dotted decimal") from error


def _check_ipv6(host: str) -> None:
    try:
        scope = IPv6Address(host).scope_id
    except ValueError as error:
        raise AddressRefused("URL has a malformed IPv6 address") from error
    if scope is not None:
        raise AddressRefused("URL has an IPv6 address with a zone")
