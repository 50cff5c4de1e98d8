"""Name resolution for guarded connections: once, all answers checked, absolute names only."""

import socket
from ipaddress import ip_address

from notifications.outgoing.guard import AddressNotAllowed, check_resolved, is_own
from notifications.outgoing.lookups import Answers, Lookups


async def resolve(host: str, port: int, lookups: Lookups) -> Answers:
    """Resolve a name with the system's resolver and refuse it if any answer is not allowed.

    Connections go to the addresses returned here, without asking again, so an answer that changes
    between check and connection has no effect.

    Raises:
        AddressNotAllowed: one of the answers is not allowed.
        socket.gaierror: there is no such name.
    """
    if ":" in host:
        check_resolved([host])  # before a zone that this machine does not have makes a name of it
    answers = _literal(host, port) or await lookups.answers(absolute(host), port, socket.AF_UNSPEC)
    addresses = [str(sockaddr[0]) for *_, sockaddr in answers]
    check_resolved(addresses)
    if is_local_name(host) and not all(is_own(address) for address in addresses):
        raise AddressNotAllowed
    return answers


def _literal(host: str, port: int) -> Answers:
    """Give the answer for a plain address, which needs no lookup; none for all else."""
    try:
        version = ip_address(host).version
    except ValueError:
        return []
    if version == 4:
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, port))]
    if "%" in host:
        return []  # the resolver knows the number of the zone
    return [(socket.AF_INET6, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, port, 0, 0))]


def absolute(host: str) -> str:
    """End a domain name with a dot, so that the search domains of resolv.conf are not tried.

    Numeric forms stay as they are (the resolver would take ``127.1.`` for a name), and so do names
    of one label, which /etc/hosts has without a dot: what those may resolve to is limited instead.
    """
    if host.endswith(".") or is_local_name(host) or _is_numeric(host):
        return host
    return host + "."


def is_local_name(host: str) -> bool:
    """Say whether a host is a name of one label, which no public receiver has.

    The search domains may complete it to any name, so it must lead to one of our own networks.
    """
    return "." not in host and not _is_numeric(host)


def _is_numeric(host: str) -> bool:
    """Say whether the resolver reads a host as a number: it asks nobody then."""
    if ":" in host:
        return True
    try:
        socket.inet_aton(host)  # the same reading: octal, hexadecimal and short forms
    except OSError:
        return False
    return True
