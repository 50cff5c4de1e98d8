"""The explicit table of networks, at every edge and against an independent reading of the registries."""

from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from notifications.sending.outgoing.denied import DENIED_NETWORKS, Network, is_denied
from notifications.sending.outgoing.guard import may_connect

pytestmark = pytest.mark.guarantee(n=5)

# What the IANA special-purpose registries list as not globally reachable, or as a relay to IPv4, and
# what an operating system or a cloud uses by itself: as first and last address, not as networks.
IPV4_RANGES = [
    ("0.0.0.0", "0.255.255.255"),
    ("10.0.0.0", "10.255.255.255"),
    ("100.64.0.0", "100.127.255.255"),
    ("127.0.0.0", "127.255.255.255"),
    ("168.63.129.16", "168.63.129.16"),
    ("169.254.0.0", "169.254.255.255"),
    ("172.16.0.0", "172.31.255.255"),
    ("192.0.0.0", "192.0.0.255"),
    ("192.0.2.0", "192.0.2.255"),
    ("192.31.196.0", "192.31.196.255"),
    ("192.52.193.0", "192.52.193.255"),
    ("192.88.99.0", "192.88.99.255"),
    ("192.168.0.0", "192.168.255.255"),
    ("192.175.48.0", "192.175.48.255"),
    ("198.18.0.0", "198.19.255.255"),
    ("198.51.100.0", "198.51.100.255"),
    ("203.0.113.0", "203.0.113.255"),
    ("224.0.0.0", "255.255.255.255"),
]
IPV6_RANGES = [
    ("::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("2620:4f:8000::", "2620:4f:8000:ffff:ffff:ffff:ffff:ffff"),
    ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff"),
    ("4000::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
]
RANGES = {
    4: [(int(IPv4Address(first)), int(IPv4Address(last))) for first, last in IPV4_RANGES],
    6: [(int(IPv6Address(first)), int(IPv6Address(last))) for first, last in IPV6_RANGES],
}


ALLOWED = ip_network("10.20.0.0/16")


def is_listed(address: IPv4Address | IPv6Address) -> bool:
    number, version = int(address), address.version
    if version == 6 and number >> 32 == 0xFFFF:  # an IPv4 address inside
        number, version = number & 0xFFFFFFFF, 4
    return any(first <= number <= last for first, last in RANGES[version])


def around(network: Network) -> list[IPv4Address | IPv6Address]:
    """Give the first and the last address of a network, and their neighbours."""
    kind = IPv4Address if network.version == 4 else IPv6Address
    highest = 2**network.max_prefixlen - 1
    edges = {int(network[0]) - 1, int(network[0]), int(network[-1]), int(network[-1]) + 1}
    return [kind(number) for number in sorted(edges) if 0 <= number <= highest]


@pytest.mark.parametrize("network", DENIED_NETWORKS, ids=str)
def test_the_edges_of_every_network_are_where_the_registries_have_them(network: Network) -> None:
    for address in around(network):
        assert is_denied(address) == is_listed(address), address


@pytest.mark.parametrize("version", [4, 6])
def test_the_edges_of_every_range_are_in_the_table(version: int) -> None:
    kind = IPv4Address if version == 4 else IPv6Address
    for first, last in RANGES[version]:
        for number in {max(first - 1, 0), first, last, min(last + 1, int(kind(0).max_prefixlen))}:
            assert is_denied(kind(number)) == is_listed(kind(number))


@given(st.ip_addresses())
def test_any_address_is_denied_if_and_only_if_it_is_listed(
    address: IPv4Address | IPv6Address,
) -> None:
    assert is_denied(address) == is_listed(address)
    assert may_connect(str(address), 443) == (not is_listed(address))


@given(st.integers(0x2000 << 112, (0x4000 << 112) - 1).map(IPv6Address))
def test_any_global_address_of_ipv6_is_denied_if_and_only_if_it_is_listed(
    address: IPv6Address,
) -> None:
    assert is_denied(address) == is_listed(address)


@given(st.sampled_from(DENIED_NETWORKS), st.integers(0, 2**128 - 1))
def test_no_address_of_a_listed_network_may_be_reached(network: Network, number: int) -> None:
    address = network[number % network.num_addresses]
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = IPv6Address(1)
    assert not may_connect(str(address), 443)
    assert not may_connect(f"{address}%eth0", 443)


@given(st.sampled_from(DENIED_NETWORKS), st.integers(0, 2**128 - 1))
def test_an_allowed_network_opens_itself_and_nothing_beside_it(
    network: Network, number: int
) -> None:
    address = network[number % network.num_addresses]
    inside = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    seen = inside or address
    with override_settings(BELLRINGER={"OUTGOING_ALLOWED_NETWORKS": ["10.20.0.0/16"]}):
        assert may_connect(str(address), 443) == (
            (seen.version == 4 and seen in ALLOWED) or not is_listed(seen)
        )


@pytest.mark.parametrize("text", ["", "x", "1.2.3", "127.1", "::g", "1.2.3.4:80", "[::1]", "%lo"])
def test_what_is_no_numeric_address_may_not_be_reached(text: str) -> None:
    assert not may_connect(text, 443)
