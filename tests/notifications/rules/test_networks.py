"""How allowed networks are written."""

from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.rules.networks import AllowedNetwork, allowed_network

PORTS = st.integers(1, 65_535)
ADDRESSES = st.ip_addresses()


@pytest.mark.parametrize(
    ("text", "network", "port"),
    [
        ("10.20.0.0/16", "10.20.0.0/16", None),
        ("10.20.0.7", "10.20.0.7/32", None),
        ("10.20.0.0/16:8443", "10.20.0.0/16", 8443),
        ("10.20.0.7:8443", "10.20.0.7/32", 8443),
        ("fd00::/8", "fd00::/8", None),
        ("fd00::7", "fd00::7/128", None),
        ("fd00::/8:8443", "fd00::/8", 8443),
        ("[fd00::/8]:8443", "fd00::/8", 8443),
        ("[fd00::7]:8443", "fd00::7/128", 8443),
        ("[fd00::7]", "fd00::7/128", None),
    ],
)
def test_a_network_is_read_with_its_port(text: str, network: str, port: int | None) -> None:
    assert allowed_network(text) == AllowedNetwork(ip_network(network), port)


@pytest.mark.parametrize(
    "text",
    ["", "ten", "10.20.0.1/16", "10.0.0.0/8:0", "10.0.0.0/8:65536", "10.0.0.0/8:", "[]:80", "[fd00::",
     "10.0.0.0/8:http", ":80", "10.0.0.0/33:80"],
)  # fmt: skip
def test_what_is_no_network_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  (of ipaddress too)
        allowed_network(text)


@given(ADDRESSES, PORTS)
def test_an_address_with_a_port_stands_for_itself_and_nothing_else(
    address: object, port: int
) -> None:
    written = f"[{address}]:{port}" if ":" in str(address) else f"{address}:{port}"
    found = allowed_network(written)
    seen = ip_address(str(address))
    assert found.has(seen, port)
    assert not found.has(seen, port % 65_535 + 1)
    assert found.network.num_addresses == 1


@given(st.text(alphabet="0123456789abcdef:./[]", max_size=30))
def test_whatever_is_written_is_a_network_or_refused(text: str) -> None:
    try:
        found = allowed_network(text)
    except ValueError:
        return
    assert found.port is None or 1 <= found.port <= 65_535
