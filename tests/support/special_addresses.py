"""IANA's registries of special addresses, row by row, to check the guard's own tables against.

Independent of ``ringback.outbound.addresses``, so that a mistake in one shows in the other.
"""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final

Network = IPv4Network | IPv6Network


def _networks(*blocks: str) -> Sequence[Network]:
    return [ip_network(block) for block in blocks]


# iana-ipv4-special-registry and iana-ipv6-special-registry as of 2025-10-09, every row of them.
REGISTRY: Final = _networks(
    "0.0.0.0/8",
    "0.0.0.0/32",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.0.0.0/29",
    "192.0.0.8/32",
    "192.0.0.9/32",
    "192.0.0.10/32",
    "192.0.0.170/32",
    "192.0.0.171/32",
    "192.0.2.0/24",
    "192.31.196.0/24",
    "192.52.193.0/24",
    "192.88.99.0/24",
    "192.88.99.2/32",
    "192.168.0.0/16",
    "192.175.48.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "240.0.0.0/4",
    "255.255.255.255/32",
    "::1/128",
    "::/128",
    "::ffff:0:0/96",
    "64:ff9b::/96",
    "64:ff9b:1::/48",
    "100::/64",
    "100:0:0:1::/64",
    "2001::/23",
    "2001::/32",
    "2001:1::1/128",
    "2001:1::2/128",
    "2001:1::3/128",
    "2001:2::/48",
    "2001:3::/32",
    "2001:4:112::/48",
    "2001:10::/28",
    "2001:20::/28",
    "2001:30::/28",
    "2001:db8::/32",
    "2002::/16",
    "2620:4f:8000::/48",
    "3fff::/20",
    "5f00::/16",
    "fc00::/7",
    "fe80::/10",
)

# In other registries or in RFCs only: IPv4 multicast (RFC 5771), IPv4-compatible (RFC 4291),
# IPv4-translated (RFC 2765), site-local (RFC 3879), IPv6 multicast (RFC 4291).
BESIDES: Final = _networks("224.0.0.0/4", "::/96", "::ffff:0:0:0/96", "fec0::/10", "ff00::/8")

# iana ipv6-address-space: everything outside the one block allocated so far.
NOT_GIVEN_OUT: Final = _networks("::/3", "4000::/2", "8000::/1")

# `is_private` and its exceptions in Python's ipaddress, in 3.11.7 and in 3.13.0.
PYTHON: Final = _networks(
    *("0.0.0.0/8", "10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
    *("192.0.0.0/24", "192.0.0.0/29", "192.0.0.170/31", "192.0.2.0/24", "192.168.0.0/16"),
    *("198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4", "255.255.255.255/32"),
    *("100.64.0.0/10", "192.0.0.9/32", "192.0.0.10/32"),
    *("::1/128", "::/128", "::ffff:0:0/96", "64:ff9b:1::/48", "100::/64", "2001::/23"),
    *("2001:2::/48", "2001:db8::/32", "2001:10::/28", "2002::/16", "fc00::/7", "fe80::/10"),
    *("2001:1::1/128", "2001:1::2/128", "2001:3::/32", "2001:4:112::/48", "2001:20::/28"),
    *("2001:30::/28", "fec0::/10"),
)

REFUSED: Final = (*REGISTRY, *BESIDES, *NOT_GIVEN_OUT)
