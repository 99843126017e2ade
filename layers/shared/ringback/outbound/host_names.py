"""Host names that lead inside, whatever they resolve to."""

import re
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from ringback.outbound.addresses import why_not_public

# The ends of names that no public resolver answers, though one in a cloud or a container may:
# https://www.iana.org/assignments/special-use-domain-names and RFC 6762, appendix G.
_INSIDE: Final = frozenset(
    {
        *("localhost", "localdomain", "local", "internal", "intranet", "private", "lan", "home"),
        *("corp", "home.arpa", "in-addr.arpa", "ip6.arpa", "onion", "consul", "svc"),
        *("cluster.local", "docker.internal", "metadata.google.internal", "ec2.internal"),
        *("metadata.goog", "metadata.tencentyun.com", "metadata.platformequinix.com"),
        # Names that home routers answer to themselves.
        *("fritz.box", "speedport.ip", "easy.box", "routerlogin.net", "tplinkwifi.net"),
        *("tplinklogin.net", "router.asus.com"),
        # Public names of the loopback address.
        *("localtest.me", "lvh.me", "vcap.me", "lacolhost.com", "fuf.me", "localho.st"),
        *("local.gd", "localdev.me", "lndo.site", "ddev.site"),
    }
)
# Services whose names contain the address that they resolve to: 10-0-0-1.nip.io, 7f000001.nip.io.
_WILDCARDS: Final = (
    *("nip.io", "sslip.io", "xip.io", "traefik.me", "my.local-ip.co", "plex.direct", "rbndr.us"),
)
# Without an address, its names are the loopback address's.
_ELSE_LOOPBACK: Final = "traefik.me"
_OCTET: Final = "([0-9]{1,3})"
# Overlapping: the service decides which four of five numbers it takes.
_DECIMAL: Final = re.compile(rf"(?<![0-9])(?={'[.-]'.join([_OCTET] * 4)}(?![0-9]))")
_HEXADECIMAL: Final = re.compile(r"(?<![0-9a-z])[0-9a-f]{8}(?![0-9a-z])")


def is_inside(host: str) -> bool:
    """Tell whether a lower-case name belongs to a private network or to this machine."""
    labels = host.split(".")
    ends = {".".join(labels[at:]) for at in range(len(labels))}
    if ends & _INSIDE:
        return True
    service = next((each for each in _WILDCARDS if each in ends), "")
    if not service:
        return False
    addresses = list(_addresses_in(host.removesuffix(service)))
    if not addresses:
        return service == _ELSE_LOOPBACK
    return any(why_not_public(address) for address in addresses)


def _addresses_in(name: str) -> Iterator[str]:
    yield from (".".join(found.groups()) for found in _DECIMAL.finditer(name))
    for found in _HEXADECIMAL.findall(name):
        yield str(IPv4Address(int(found, 16)))
    # IPv6 with hyphens instead of colons.
    for label in name.split("."):
        with suppress(ValueError):
            yield str(IPv6Address(label.replace("-", ":")))
