# ruff: noqa: RUF001 (look-alikes are what this is about)
"""Whatever way an inner address is written, nothing gets through to it."""

import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings
from yarl import URL

from notifications.sending.outgoing.denied import DENIED_NETWORKS
from notifications.sending.outgoing.fetch import ExchangeFailed, Failure, post
from notifications.sending.outgoing.guard import (
    EVERY_PORT,
    AddressNotAllowed,
    check_resolved,
    check_url,
    may_connect,
)
from notifications.sending.outgoing.resolver import absolute, is_local_name
from tests.notifications.conftest import Install
from tests.support.receiver import Receiver, running_receiver

pytestmark = [pytest.mark.usefixtures("closing_session"), pytest.mark.guarantee(n=5)]

NUMBERS = [
    "127.0.0.1",
    "127.0.1",
    "127.1",
    "2130706433",
    "017700000001",
    "0x7f000001",
    "0x7f.1",
    "0X7F.0.0.1",
    "0x7f.0x0.0x0.0x1",
    "0177.0.0.1",
    "0177.0.0.01",
    "0000177.0.0.1",
    "127.000.000.001",
    "0177.0x0.1",
    "127.0x1",
    "0",
    "0.0.0.0",
]
LETTERS_LIKE_NUMBERS = [
    "①②⑦.⓪.⓪.①",
    "１２７.０.０.１",
    "¹²⁷.⁰.⁰.¹",
    "𝟏𝟐𝟕.𝟎.𝟎.𝟏",
    "127。0。0。1",
    "127．0．0．1",
    "127｡0｡0｡1",
    "０x7f.1",
    "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ",
    "LOCALHOST",
]
IN_IPV6 = [
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[0000:0000:0000:0000:0000:0000:0000:0001]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::FFFF:7F00:1]",
    "[0:0:0:0:0:ffff:7f00:0001]",
    "[::127.0.0.1]",
    "[::ffff:0:127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]",
    "[2001:0:7f00:1::]",
    "[2001::80ff:fffe]",
    "[fec0::1]",
    "[ff02::1]",
    "[::1%25lo]",
    "[::1%lo]",
    "[fe80::1%25lo]",
    "[fe80::1%lo]",
    "[fe80::1%1]",
]
ENDING_IN_A_DOT = ["127.0.0.1.", "127.1.", "2130706433.", "0x7f.1.", "localhost."]
NAMES_OF_NOTHING = [
    "4294967296",  # one more than there are
    "99999999999",
    "0xffffffff7f000001",
    "1.2.3.4.5",
    "127.0.0.-1",
    "127%2e0%2e0%2e1",
    "%31%32%37.0.0.1",
    "127.0.0.1%00.example.com",
    "١٢٧.٠.٠.١",  # digits to a reader, letters to IDNA
    "१२७.०.०.१",
    "127.0.0.\u00ad1",  # what nobody sees in between
    "127.0.0.\u200b1",
    "127\u200d.0.0.1",
    "local\u2060host",
]


@pytest.fixture
def no_networks(settings: Settings) -> None:
    settings.BELLRINGER = {"OUTGOING_HTTPS_ONLY": False, "OUTGOING_PORTS": [EVERY_PORT]}


@pytest.mark.parametrize(
    "host", [*NUMBERS, *LETTERS_LIKE_NUMBERS, *IN_IPV6, *ENDING_IN_A_DOT, *NAMES_OF_NOTHING]
)
async def test_a_server_of_this_host_hears_nothing(no_networks: None, host: str) -> None:
    with running_receiver() as receiver:
        with pytest.raises(ExchangeFailed) as refused:
            await post(f"http://{host}:{receiver.port}/", b"", {})
        assert receiver.received == []
    assert refused.value.failure in {Failure.REFUSED, Failure.NOT_SENT}
    assert "127.0.0.1" not in str(refused.value), "it would map our network for whoever asks"


@pytest.mark.parametrize("host", ["127.0.0.1", "0x7f.1", "0x7f000001", *LETTERS_LIKE_NUMBERS])
async def test_such_forms_do_lead_to_this_host_where_it_is_allowed(
    receiver: Receiver, host: str
) -> None:
    """The refusals above are the guard's, not mistakes in writing."""
    assert (await post(f"http://{host}:{receiver.port}/", b"", {})).status == 200


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1@example.com/",
        "http://example.com@127.0.0.1/",
        "http://example.com:80@127.0.0.1/",
        "http://example.com%40127.0.0.1/",
        "http://example.com\\@127.0.0.1/",
        "http://127.0.0.1\\.example.com/",
        "http://example.com#@127.0.0.1/",
        "http://[::1]@example.com/",
    ],
)
async def test_two_readers_of_one_url_cannot_be_set_against_each_other(
    no_networks: None, url: str, names: Install
) -> None:
    """It is refused, or the host that was checked is the one that is asked for."""
    asked = names(lambda _: [])
    with pytest.raises(ExchangeFailed) as failed:
        await post(url, b"", {})
    if failed.value.failure is not Failure.REFUSED:
        assert set(asked) <= {absolute(check_url(url).host)}


ADDRESSES_4 = st.integers(0, 2**32 - 1).map(IPv4Address)
INNER_4 = st.one_of(
    *(
        st.integers(int(net[0]), int(net[-1])).map(IPv4Address)
        for net in DENIED_NETWORKS
        if net.version == 4
    )
)


def shouted(number: int) -> str:
    return f"0X{number:X}"


def octal(number: int) -> str:
    return f"0{number:o}"


def padded(number: int) -> str:
    return f"0x{number:0>12x}"


WAYS: list[Callable[[int], str]] = [str, hex, octal, shouted, padded]


@st.composite
def spelled(draw: st.DrawFn, addresses: st.SearchStrategy[IPv4Address]) -> tuple[IPv4Address, str]:
    """Draw an address, and one of the ways in which the resolver reads numbers."""
    address = draw(addresses)
    parts = draw(st.integers(1, 4))
    *single, last = address.packed[: parts - 1], int.from_bytes(address.packed[parts - 1 :])
    numbers = [*single[0], last]
    written = [draw(st.sampled_from(WAYS))(one) for one in numbers]
    return address, ".".join(written)


@given(spelled(ADDRESSES_4))
def test_every_way_to_write_a_number_is_judged_by_the_address_it_stands_for(
    drawn: tuple[IPv4Address, str],
) -> None:
    address, host = drawn
    assert URL(f"http://{host}/").raw_host == host.lower()
    answers = socket.getaddrinfo(host, 80, type=socket.SOCK_STREAM)
    assert [str(answer[4][0]) for answer in answers] == [str(address)]
    assert absolute(host) == host, "a dot would make a name of it"
    assert not is_local_name(host)


@given(spelled(INNER_4))
def test_no_way_to_write_an_inner_number_is_let_through(drawn: tuple[IPv4Address, str]) -> None:
    answers = socket.getaddrinfo(drawn[1], 80, type=socket.SOCK_STREAM)
    with pytest.raises(AddressNotAllowed):
        check_resolved([str(answer[4][0]) for answer in answers], 443)


def embedded(address: IPv4Address) -> dict[str, IPv6Address]:
    """Give the addresses of IPv6 by which networks reach an IPv4 one."""
    number = int(address)
    return {
        "compatible": IPv6Address(number),
        "translated": IPv6Address((0xFFFF << 48) | number),
        "NAT64": IPv6Address((0x0064FF9B << 96) | number),
        "local NAT64": IPv6Address((0x0064FF9B0001 << 80) | number),
        "6to4": IPv6Address((0x2002 << 112) | (number << 80) | 1),
        "Teredo server": IPv6Address((0x20010000 << 96) | (number << 64)),
        "Teredo client": IPv6Address((0x20010000 << 96) | (number ^ 0xFFFFFFFF)),
    }


@given(ADDRESSES_4)
def test_no_tunnel_through_ipv6_leads_anywhere(address: IPv4Address) -> None:
    for kind, tunnel in embedded(address).items():
        assert not may_connect(str(tunnel), 443), kind
        assert not may_connect(f"{tunnel}%eth0", 443), kind


@given(ADDRESSES_4)
def test_a_mapped_address_is_judged_as_the_one_inside(address: IPv4Address) -> None:
    mapped = IPv6Address((0xFFFF << 32) | int(address))
    assert may_connect(str(mapped), 443) == may_connect(str(address), 443)


@pytest.mark.parametrize("host", ["4294967296", "99999999999", "0xffffffff7f000001", "08"])
def test_a_number_that_stands_for_no_address_is_a_name_of_one_label(host: str) -> None:
    """The search domains of resolv.conf would complete it, so it leads to own networks only."""
    assert is_local_name(host)


@pytest.mark.parametrize("host", ["a.1b", "1.2.3.4.5", "hooks.8x", "127.0.0.256", "1.2.3.08"])
def test_a_name_whose_last_label_begins_with_a_digit_is_resolved_as_absolute(host: str) -> None:
    assert absolute(host) == host + "."


def test_the_table_of_forms_is_what_it_says() -> None:
    for host in NUMBERS:
        [address] = {str(a[4][0]) for a in socket.getaddrinfo(host, 80, type=socket.SOCK_STREAM)}
        assert ip_address(address) in {IPv4Address("127.0.0.1"), IPv4Address("0.0.0.0")}
