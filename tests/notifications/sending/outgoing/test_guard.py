"""Which addresses may be reached, and which URLs are taken at all."""

import socket
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from notifications.sending.outgoing.denied import is_denied
from notifications.sending.outgoing.guard import (
    AddressNotAllowed,
    InvalidUrl,
    check_resolved,
    check_url,
    may_connect,
)

pytestmark = pytest.mark.guarantee(n=5)

DENIED = [
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "127.0.0.1",
    "168.63.129.16",
    "169.254.169.254",
    "172.31.255.255",
    "192.0.0.255",
    "192.88.99.1",
    "192.168.1.1",
    "192.0.2.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2620:4f:8000::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
]
REACHABLE = ["1.1.1.1", "93.184.216.34", "172.32.0.1", "2606:4700::1111", "::ffff:1.1.1.1"]

LOOPBACK_SPELLINGS = [
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "127.1",
    "0",
    "017700000001",
    "0x7f.1",
    "①②⑦.⓪.⓪.①",
    "127。0。0。1",
    "localhost",
]


@pytest.mark.parametrize("address", DENIED)
def test_an_address_of_the_deny_table_may_not_be_reached(address: str) -> None:
    assert not may_connect(address, 443)


@pytest.mark.parametrize("address", REACHABLE)
def test_a_public_address_may_be_reached(address: str) -> None:
    assert may_connect(address, 443)


@given(st.integers(0, 2**128 - 1))
def test_no_ipv6_address_outside_global_unicast_may_be_reached(number: int) -> None:
    address = IPv6Address(number)
    mapped = address.ipv4_mapped
    if mapped is None and number >> 125 != 1:
        assert is_denied(address)
    if mapped is not None:
        assert is_denied(address) == is_denied(mapped)


@given(st.ip_addresses(v=4))
def test_what_the_standard_library_calls_private_is_denied(address: IPv4Address) -> None:
    if address.is_private or address.is_multicast or address.is_reserved:
        assert is_denied(address)


@pytest.mark.parametrize("spelling", LOOPBACK_SPELLINGS)
def test_every_spelling_that_the_resolver_takes_for_this_host_is_refused(spelling: str) -> None:
    answers = socket.getaddrinfo(spelling, 80, type=socket.SOCK_STREAM)
    with pytest.raises(AddressNotAllowed, match=r"^address not allowed$"):
        check_resolved([str(answer[4][0]) for answer in answers], 443)


def test_one_bad_answer_among_good_ones_refuses_the_name() -> None:
    with pytest.raises(AddressNotAllowed):
        check_resolved(["1.1.1.1", "10.0.0.1"], 443)


def test_no_answer_at_all_is_refused() -> None:
    with pytest.raises(AddressNotAllowed):
        check_resolved([], 443)


def test_an_allowed_network_is_an_exception_from_the_table(settings: Settings) -> None:
    settings.BELLRINGER = {"OUTGOING_ALLOWED_NETWORKS": ["10.20.0.0/16", "fd12::/16"]}
    assert may_connect("10.20.1.1", 443)
    assert may_connect("::ffff:10.20.1.1", 443)
    assert may_connect("fd12::1", 443)
    assert not may_connect("10.21.1.1", 443)


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("ftp://example.com/", "does not begin with https://"),
        ("example.com/hook", "does not begin with https://"),
        ("http://example.com/", "uses http; use https"),
        ("https:///hook", "has no host"),
        ("https://user:pw@example.com/", "user name or password"),
        ("https://@example.com/", "user name or password"),
        ("https://example.com/a b", "a space or a control character"),
        ("https://example.com/\n", "a space or a control character"),
        ("https://example.com\\@evil.test/", "backslash"),
        ("https://example.com:99999/", "is not a URL"),
        ("https://example.com:0/", "uses port 0"),
        ("https://[::1/", "is not a URL"),
        ("https://example.com:x/", "is not a URL"),
        ("https://example.com@evil.test/", "user name or password"),
        ("https://:pw@example.com/", "user name or password"),
        ("https://example.com/" + "a" * 2048, "longer than 2048"),
    ],
)
def test_a_malformed_url_is_refused_with_what_is_wrong(url: str, problem: str) -> None:
    with pytest.raises(InvalidUrl, match=problem):
        check_url(url)


def test_own_public_networks_can_be_denied_too(settings: Settings) -> None:
    own, nat64 = "2a01:4f8:1::/48", "2a01:64:ff9b::/96"
    assert may_connect("2a01:4f8:1::5", 443)
    settings.BELLRINGER = {"OUTGOING_DENIED_NETWORKS": [own, nat64, "93.184.216.0/24"]}
    assert not may_connect("2a01:4f8:1::5", 443)
    assert not may_connect("2a01:64:ff9b::a9fe:a9fe", 443), "169.254.169.254 behind a NAT64"
    assert not may_connect("93.184.216.34", 443)
    assert not may_connect("::ffff:93.184.216.34", 443)
    assert may_connect("2a01:4f8:2::5", 443)


def test_a_receiver_in_a_denied_network_can_be_allowed(settings: Settings) -> None:
    settings.BELLRINGER = {
        "OUTGOING_DENIED_NETWORKS": ["2a01:4f8:1::/48"],
        "OUTGOING_ALLOWED_NETWORKS": ["[2a01:4f8:1::5]:8443"],
    }
    assert may_connect("2a01:4f8:1::5", 8443)
    assert not may_connect("2a01:4f8:1::5", 443)
    assert not may_connect("2a01:4f8:1::6", 8443)


def test_an_allowed_network_with_a_port_is_allowed_on_that_port_only(settings: Settings) -> None:
    settings.BELLRINGER = {"OUTGOING_ALLOWED_NETWORKS": ["10.20.0.0/16:8443", "1.1.1.1:9000"]}
    assert may_connect("10.20.1.1", 8443)
    for port in (443, 80, 6379):
        assert not may_connect("10.20.1.1", port)
    assert may_connect("1.1.1.1", 9000)
    assert may_connect("1.1.1.1", 443), "a public one is reached as others are, besides"
    assert not may_connect("8.8.8.8", 8443), "the port is allowed there only"


def test_an_allowed_network_without_a_port_is_allowed_on_every_port(settings: Settings) -> None:
    settings.BELLRINGER = {"OUTGOING_ALLOWED_NETWORKS": ["10.20.0.0/16"]}
    assert may_connect("10.20.1.1", 8443)
    assert not may_connect("1.1.1.1", 8443)


def test_only_the_ports_of_the_web_are_allowed_unless_others_are_named(settings: Settings) -> None:
    settings.BELLRINGER = {"OUTGOING_HTTPS_ONLY": False}
    assert check_url("https://example.com/").port == 443
    assert check_url("http://example.com/").port == 80
    for port in (22, 25, 6379, 8443):
        with pytest.raises(InvalidUrl, match="uses a port that is not allowed; allowed: 80, 443 "):
            check_url(f"https://example.com:{port}/")
        assert not may_connect("1.1.1.1", port)


def test_ports_can_be_limited(settings: Settings) -> None:
    settings.BELLRINGER = {"OUTGOING_PORTS": [443, 8443]}
    assert check_url("https://example.com/").port == 443
    assert check_url("https://example.com:8443/").port == 8443
    with pytest.raises(InvalidUrl, match="not allowed; allowed: 443, 8443"):
        check_url("https://example.com:444/")


@pytest.mark.parametrize("ports", [[0], [443, 0], []])
def test_every_port_can_be_allowed(settings: Settings, ports: list[int]) -> None:
    settings.BELLRINGER = {"OUTGOING_PORTS": ports}
    assert check_url("https://example.com:6379/").port == 6379
    assert may_connect("1.1.1.1", 6379)


def test_a_url_may_have_a_port_that_some_own_receiver_has(settings: Settings) -> None:
    """Which address a name leads to is known when it is sent to."""
    settings.BELLRINGER = {"OUTGOING_ALLOWED_NETWORKS": ["10.20.0.0/16:8443"]}
    assert check_url("https://hooks.example.com:8443/").port == 8443
    with pytest.raises(InvalidUrl, match="not allowed; allowed: 80, 443, 8443"):
        check_url("https://hooks.example.com:8444/")


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://example.com#@evil.test/", "example.com"),
        ("https://example.com?@evil.test/", "example.com"),
        ("https://example.com/@evil.test", "example.com"),
        ("https://b\u00fccher.example/", "xn--bcher-kva.example"),
        ("https://[2606:4700::1111]/", "2606:4700::1111"),
    ],
)
def test_the_client_is_given_the_host_that_was_checked(url: str, host: str) -> None:
    target = check_url(url)
    assert (target.host, target.url.raw_host) == (host, host)
