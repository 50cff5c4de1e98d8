"""The networks that nothing we send may reach, as one explicit table.

``ipaddress.is_private`` and ``is_global`` are not used: their answers for carrier-grade NAT,
NAT64, 6to4 and multicast differ between Python versions, and some of them are wrong for this
purpose (RFC 6890 and the IANA special-purpose registries are the source of the table).
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

Network = IPv4Network | IPv6Network

DENIED_NETWORKS: tuple[Network, ...] = tuple(
    ip_network(network)
    for network in (
        "0.0.0.0/8",  # this network; 0.0.0.0 reaches the local host
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT, also used inside clouds
        "127.0.0.0/8",  # loopback
        "168.63.129.16/32",  # Azure's host agent answers on this public address
        "169.254.0.0/16",  # link-local, cloud metadata
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # IETF protocol assignments
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # automatic multicast tunnelling
        "192.88.99.0/24",  # 6to4 relay anycast
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarking
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and 255.255.255.255
        # Only 2000::/3 is global unicast. The rest holds loopback, IPv4-compatible and -translated
        # addresses, NAT64, unique local, link-local, site-local and multicast ones.
        "::/3",
        "4000::/2",
        "8000::/1",
        "2001::/23",  # IETF protocol assignments, Teredo
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4: carries any IPv4 address
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)


def is_denied(address: IPv4Address | IPv6Address) -> bool:
    """Return whether the table holds this address. An IPv4-mapped address counts as its IPv4 one."""
    seen = unmapped(address)
    return any(seen.version == network.version and seen in network for network in DENIED_NETWORKS)


def unmapped(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Return the IPv4 address inside ``::ffff:a.b.c.d``, else the address itself."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address
