"""Host names that lead inside, whatever they resolve to."""

import re
from ipaddress import IPv4Address
from typing import Final

from ringback.outbound.addresses import why_not_public

# The ends of names that no public resolver answers, though one in a cloud or a container may:
# https://www.iana.org/assignments/special-use-domain-names and RFC 6762, appendix G.
_INSIDE: Final = frozenset(
    {
        *("localhost", "localdomain", "local", "internal", "intranet", "private", "lan", "home"),
        *("corp", "home.arpa", "in-addr.arpa", "ip6.arpa", "onion", "consul", "svc"),
        *("cluster.local", "docker.internal", "metadata.google.internal", "ec2.internal"),
        *("metadata.tencentyun.com", "metadata.platformequinix.com"),
        # Public names of the loopback address.
        *("localtest.me", "lvh.me", "vcap.me", "lacolhost.com"),
    }
)
# Names that contain the address they resolve to: 10-0-0-1.nip.io, 7f000001.nip.io.
_WILDCARD: Final = re.compile(
    r"(?:.*[.-])?(?:(\d{1,3})[.-](\d{1,3})[.-](\d{1,3})[.-](\d{1,3})|([0-9a-f]{8}))"
    r"\.(?:nip|sslip|xip)\.io",
    re.ASCII,
)


def is_inside(host: str) -> bool:
    """Tell whether a lower-case name belongs to a private network or to this machine."""
    labels = host.split(".")
    ends = {".".join(labels[at:]) for at in range(len(labels))}
    return bool(ends & _INSIDE) or _names_inside_address(host)


def _names_inside_address(host: str) -> bool:
    found = _WILDCARD.fullmatch(host)
    if found is None:
        return False
    *decimal, hexadecimal = found.groups()
    text = str(IPv4Address(int(hexadecimal, 16))) if hexadecimal else ".".join(decimal)
    return why_not_public(text) is not None
