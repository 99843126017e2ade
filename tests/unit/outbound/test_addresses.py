"""Only public addresses pass, in any notation."""

import socket
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from ringback.outbound.addresses import IPV4_REFUSED, IPV6_REFUSED, why_not_public

from tests.support.special_addresses import (
    BESIDES,
    NOT_GIVEN_OUT,
    PYTHON,
    REFUSED,
    REGISTRY,
    Network,
)

PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "169.253.255.255",
    "169.255.0.0",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.0",
    "192.167.255.255",
    "192.169.0.0",
    "198.17.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2000::",
    "2001:200::1",
    "2001:4860:4860::8888",
    "2003::1",
    "2606:4700:4700::1111",
    "3ffe:ffff::1",
]

INSIDE = [
    ("0.0.0.0", "this network"),  # noqa: S104
    ("0.1.2.3", "this network"),
    ("10.0.0.1", "private"),
    ("10.255.255.255", "private"),
    ("100.64.0.1", "shared address space"),
    ("100.127.255.255", "shared address space"),
    ("127.0.0.1", "loopback"),
    ("127.255.255.254", "loopback"),
    ("169.254.169.254", "link-local"),
    ("169.254.170.2", "link-local"),
    ("172.16.0.0", "private"),
    ("172.31.255.255", "private"),
    ("192.0.0.1", "protocol assignments"),
    ("192.0.0.9", "protocol assignments"),
    ("192.0.0.170", "protocol assignments"),
    ("192.0.2.1", "documentation"),
    ("192.31.196.1", "AS112"),
    ("192.52.193.1", "AMT"),
    ("192.88.99.1", "6to4 relay"),
    ("192.168.255.255", "private"),
    ("192.175.48.1", "AS112"),
    ("198.18.0.1", "benchmarking"),
    ("198.19.255.255", "benchmarking"),
    ("198.51.100.1", "documentation"),
    ("203.0.113.1", "documentation"),
    ("224.0.0.1", "multicast"),
    ("239.255.255.255", "multicast"),
    ("240.0.0.1", "reserved"),
    ("255.255.255.255", "reserved"),
    ("::", "unspecified"),
    ("::1", "loopback"),
    ("::7f00:1", "IPv4-compatible"),
    ("::8.8.8.8", "IPv4-compatible"),
    ("::ffff:127.0.0.1", "IPv4-mapped"),
    ("::ffff:8.8.8.8", "IPv4-mapped"),
    ("::ffff:0:10.0.0.1", "IPv4-translated"),
    ("64:ff9b::a9fe:a9fe", "NAT64"),
    ("64:ff9b:1::1", "NAT64"),
    ("100::1", "discard-only"),
    ("100:0:0:1::1", "dummy prefix"),
    ("2001::1", "Teredo"),
    ("2001:0:7f00:1::", "Teredo"),
    ("2001:1::1", "protocol assignments"),
    ("2001:2::1", "protocol assignments"),
    ("2001:4:112::1", "protocol assignments"),
    ("2001:10::1", "protocol assignments"),
    ("2001:20::1", "protocol assignments"),
    ("2001:30::1", "protocol assignments"),
    ("2001:1ff:ffff::1", "protocol assignments"),
    ("2001:db8::1", "documentation"),
    ("2002:7f00:1::1", "6to4"),
    ("2620:4f:8000::1", "AS112"),
    ("3fff::1", "documentation"),
    ("3fff:fff::1", "documentation"),
    ("4000::1", "not global unicast"),
    ("1fff::1", "not global unicast"),
    ("5f00::1", "segment routing"),
    ("fc00::1", "unique local"),
    ("fd00:ec2::254", "unique local"),
    ("fe80::1", "link-local"),
    ("fe80::1%eth0", "scoped"),
    ("2606:4700::1%1", "scoped"),
    ("fec0::1", "site-local"),
    ("ff02::1", "multicast"),
    ("", "not an address"),
    ("localhost", "not an address"),
    ("0177.0.0.1", "not an address"),
    ("127.1", "not an address"),
    ("2130706433", "not an address"),
]


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_passes(address: str) -> None:
    assert why_not_public(address) is None


@pytest.mark.parametrize(("address", "reason"), INSIDE)
def test_an_address_that_is_not_public_is_refused(address: str, reason: str) -> None:
    assert why_not_public(address) == reason


REFUSED_NETWORKS: list[Network] = [*IPV4_REFUSED, *IPV6_REFUSED]


def contains(networks: list[Network], address: IPv4Address | IPv6Address) -> bool:
    return any(address in network for network in networks)


@pytest.mark.parametrize("row", [*REGISTRY, *BESIDES, *NOT_GIVEN_OUT, *PYTHON], ids=str)
def test_registered_networks_are_refused_from_first_to_last_address(
    row: Network,
) -> None:
    middle = row[row.num_addresses // 2]
    assert all(why_not_public(str(address)) for address in (row[0], middle, row[-1]))


@pytest.mark.parametrize("network", REFUSED_NETWORKS, ids=str)
def test_no_network_is_wider_than_in_its_registry(network: Network) -> None:
    assert network in (*REGISTRY, *BESIDES)


@pytest.mark.parametrize("network", [*REFUSED_NETWORKS, *NOT_GIVEN_OUT], ids=str)
def test_the_neighbours_of_a_network_are_judged_by_themselves(
    network: Network,
) -> None:
    last = 2**network.max_prefixlen - 1
    around = (int(network[0]) - 1, int(network[-1]) + 1)
    # A plain integer near 0 would become an IPv4 address instead of an IPv6 one.
    neighbours = [type(network[0])(number) for number in around if 0 <= number <= last]
    for neighbour in neighbours:
        others = [other for other in REFUSED if other != network]
        assert (why_not_public(str(neighbour)) is not None) is contains(others, neighbour)


@given(st.ip_addresses())
def test_an_address_in_no_registry_passes(address: IPv4Address | IPv6Address) -> None:
    assert (why_not_public(str(address)) is None) is not contains([*REFUSED], address)


@given(st.ip_addresses())
def test_no_address_that_python_calls_private_passes(address: IPv4Address | IPv6Address) -> None:
    if address.is_private or address.is_multicast or address.is_reserved:
        assert why_not_public(str(address)) is not None


@dataclass(frozen=True)
class Form:
    """A way to embed an IPv4 address in an IPv6 one, and to extract it again."""

    reason: str
    pack: Callable[[int], int]
    unpack: Callable[[IPv6Address], IPv4Address | None]


def low_bits(address: IPv6Address) -> IPv4Address:
    return IPv4Address(int(address) & 0xFFFFFFFF)


def around_bits_64_to_71(address: IPv6Address) -> IPv4Address:
    number = int(address)
    return IPv4Address((number >> 64 & 0xFFFF) << 16 | number >> 40 & 0xFFFF)


def teredo_server(address: IPv6Address) -> IPv4Address | None:
    return address.teredo[0] if address.teredo else None


def teredo_client(address: IPv6Address) -> IPv4Address | None:
    return address.teredo[1] if address.teredo else None


FORMS = {
    "compatible": Form("IPv4-compatible", lambda inner: inner, low_bits),
    "mapped": Form(
        "IPv4-mapped", lambda inner: 0xFFFF << 32 | inner, lambda address: address.ipv4_mapped
    ),
    "translated": Form("IPv4-translated", lambda inner: 0xFFFF << 48 | inner, low_bits),
    "NAT64": Form("NAT64", lambda inner: 0x64FF9B << 96 | inner, low_bits),
    "NAT64 in a local /96": Form(
        "NAT64", lambda inner: 0x64FF9B_0001 << 80 | 0xABCD << 32 | inner, low_bits
    ),
    "NAT64 in a local /48": Form(
        "NAT64",
        lambda inner: 0x64FF9B_0001 << 80 | inner >> 16 << 64 | (inner & 0xFFFF) << 40,
        around_bits_64_to_71,
    ),
    "6to4": Form(
        "6to4", lambda inner: 0x2002 << 112 | inner << 80 | 1, lambda address: address.sixtofour
    ),
    "Teredo server": Form("Teredo", lambda inner: 0x20010000 << 96 | inner << 64, teredo_server),
    "Teredo client": Form(
        "Teredo",
        lambda inner: 0x20010000 << 96 | 0x08080808 << 64 | inner ^ 0xFFFFFFFF,
        teredo_client,
    ),
}

EXCEPTIONS = {IPv6Address("::"): "unspecified", IPv6Address("::1"): "loopback"}


@pytest.mark.parametrize("form", FORMS.values(), ids=list(FORMS))
@example(IPv4Address(0))
@example(IPv4Address(1))
@example(IPv4Address("8.8.8.8"))
@example(IPv4Address("127.0.0.1"))
@example(IPv4Address("169.254.169.254"))
@example(IPv4Address("255.255.255.255"))
@given(st.ip_addresses(v=4))
def test_no_embedded_address_passes(form: Form, inner: IPv4Address) -> None:
    address = IPv6Address(form.pack(int(inner)))
    assert form.unpack(address) == inner
    dotted = f"{str(IPv6Address(int(address) >> 32 << 32).exploded)[:30]}{low_bits(address)}"
    for spelling in (str(address), address.exploded, address.exploded.upper(), dotted):
        assert ip_address(spelling) == address
        assert why_not_public(spelling) == EXCEPTIONS.get(address, form.reason)


@given(st.text("0123456789abcdefABCDEFx:.%", max_size=40) | st.ip_addresses(v=6).map(str))
@example("::ffff:1.2.3.4")
@example("1:2:3:4:5:6:7::")
@example("1.2.3.4%1")
def test_the_check_and_the_socket_parse_the_same_address(text: str) -> None:
    if why_not_public(text) is None:
        family = socket.AF_INET6 if ":" in text else socket.AF_INET
        assert socket.inet_pton(family, text) == ip_address(text).packed
