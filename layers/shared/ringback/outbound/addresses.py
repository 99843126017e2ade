"""Which IP addresses are public, and which are not."""

from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_address
from typing import Final

# Not `ipaddress.is_global`: its tables differ between Python 3.11.x and 3.13.
# https://www.iana.org/assignments/iana-ipv4-special-registry (all of it, also what it calls
# "globally reachable": none of that serves images), and multicast, which has its own registry.
IPV4_REFUSED: Final = {
    IPv4Network("0.0.0.0/8"): "this network",
    IPv4Network("10.0.0.0/8"): "private",
    IPv4Network("100.64.0.0/10"): "shared address space",
    IPv4Network("127.0.0.0/8"): "loopback",
    IPv4Network("169.254.0.0/16"): "link-local",  # with the clouds' metadata services
    IPv4Network("172.16.0.0/12"): "private",
    IPv4Network("192.0.0.0/24"): "protocol assignments",
    IPv4Network("192.0.2.0/24"): "documentation",
    IPv4Network("192.31.196.0/24"): "AS112",
    IPv4Network("192.52.193.0/24"): "AMT",
    IPv4Network("192.88.99.0/24"): "6to4 relay",
    IPv4Network("192.168.0.0/16"): "private",
    IPv4Network("192.175.48.0/24"): "AS112",
    IPv4Network("198.18.0.0/15"): "benchmarking",
    IPv4Network("198.51.100.0/24"): "documentation",
    IPv4Network("203.0.113.0/24"): "documentation",
    IPv4Network("224.0.0.0/4"): "multicast",
    IPv4Network("240.0.0.0/4"): "reserved",
}

# https://www.iana.org/assignments/iana-ipv6-special-registry, and the forms that embed an IPv4
# address: a gateway may translate them, so they are refused whatever address they embed.
IPV6_REFUSED: Final = {
    IPv6Network("::/128"): "unspecified",
    IPv6Network("::1/128"): "loopback",
    IPv6Network("::/96"): "IPv4-compatible",
    IPv6Network("::ffff:0:0/96"): "IPv4-mapped",
    IPv6Network("::ffff:0:0:0/96"): "IPv4-translated",
    IPv6Network("64:ff9b::/96"): "NAT64",
    IPv6Network("64:ff9b:1::/48"): "NAT64",
    IPv6Network("100::/64"): "discard-only",
    IPv6Network("100:0:0:1::/64"): "dummy prefix",
    IPv6Network("2001::/32"): "Teredo",
    IPv6Network("2001::/23"): "protocol assignments",
    IPv6Network("2001:db8::/32"): "documentation",
    IPv6Network("2002::/16"): "6to4",
    IPv6Network("2620:4f:8000::/48"): "AS112",
    IPv6Network("3fff::/20"): "documentation",
    IPv6Network("5f00::/16"): "segment routing",
    IPv6Network("fc00::/7"): "unique local",
    IPv6Network("fe80::/10"): "link-local",
    IPv6Network("fec0::/10"): "site-local",
    IPv6Network("ff00::/8"): "multicast",
}

# https://www.iana.org/assignments/ipv6-address-space: the only block allocated so far.
IPV6_GLOBAL_UNICAST: Final = IPv6Network("2000::/3")


def why_not_public(address: str) -> str | None:
    """Return why this address must not be contacted, or ``None`` for a public one."""
    if "%" in address:
        return "scoped"
    try:
        parsed = ip_address(address)
    except ValueError:
        return "not an address"
    if isinstance(parsed, IPv4Address):
        return next((why for network, why in IPV4_REFUSED.items() if parsed in network), None)
    named = next((why for network, why in IPV6_REFUSED.items() if parsed in network), None)
    return named or (None if parsed in IPV6_GLOBAL_UNICAST else "not global unicast")
