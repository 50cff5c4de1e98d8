"""Networks that an installation allows, on every port or on one."""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

Network = IPv4Network | IPv6Network

LARGEST_PORT = 65_535

# In IPv6 a port can be told from the address by brackets only, unless the network has a length.
_WITH_PORT = re.compile(
    r"(?:\[(?P<inside>[^\]]*)\]|(?P<bare>[^:/]+(?:/\d+)?|.*/\d+)):(?P<port>\d{1,5})"
)
_IN_BRACKETS = re.compile(r"\[(?P<inside>[^\]]*)\]")


@dataclass(frozen=True, slots=True)
class AllowedNetwork:
    """A network, and the port that is meant; None for every port."""

    network: Network
    port: int | None = None

    def has(self, address: IPv4Address | IPv6Address, port: int) -> bool:
        """Return whether a connection to this address and port is meant."""
        is_inside = address.version == self.network.version and address in self.network
        return is_inside and self.port in {None, port}


def allowed_network(text: str) -> AllowedNetwork:
    """Read ``10.20.0.0/16``, ``10.20.0.7:8443``, ``[fd00::/8]:8443`` and the like.

    Raises:
        ValueError: says what is wrong with it.
    """
    found = _WITH_PORT.fullmatch(text) or _IN_BRACKETS.fullmatch(text)
    if found is None:
        return AllowedNetwork(ip_network(text))
    parts = found.groupdict()
    network = ip_network(parts["inside"] or parts.get("bare") or "")
    if parts.get("port") is None:
        return AllowedNetwork(network)
    port = int(parts["port"])
    if not 1 <= port <= LARGEST_PORT:
        raise ValueError(f"{text!r} has a port that is not between 1 and {LARGEST_PORT}")
    return AllowedNetwork(network, port)
