"""Name resolution for guarded connections: once, all answers checked, absolute names only."""

import socket
from ipaddress import ip_address
from typing import Any

from notifications.sending.outgoing.guard import check_resolved, is_own
from notifications.sending.outgoing.lookups import Answers, Lookups, NoSuchName


async def resolve(host: str, port: int, lookups: Lookups) -> Answers:
    """Resolve a name, and refuse it if any answer is not allowed.

    Connections go to the addresses returned here, without asking again, so an answer that changes
    between check and connection has no effect.

    Raises:
        AddressNotAllowed: one of the answers is not allowed.
        NoSuchName: there is no such name.
    """
    if ":" in host:
        check_resolved([host], port)  # before a zone that this machine does not have is looked for
    answers = _numeric(host, port) or await lookups.answers(absolute(host), port)
    if is_local_name(host):
        answers = [answer for answer in answers if is_own(_address(answer), port)]
    check_resolved([_address(answer) for answer in answers], port)
    return answers


def _address(answer: Any) -> str:
    return str(answer[4][0])


def _numeric(host: str, port: int) -> Answers:
    """Return the answer for a number, for which nobody needs to be asked; none for all else."""
    try:
        version = ip_address(host).version
    except ValueError:
        version = None
    if version == 4:
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, port))]
    if version == 6 and "%" not in host:
        return [(socket.AF_INET6, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, port, 0, 0))]
    if not is_numeric(host):
        return []
    try:  # short forms, octal ones and the like; and the number of a zone
        return list(
            socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        )
    except OSError:
        raise NoSuchName from None


def absolute(host: str) -> str:
    """End a domain name with a dot, so that the search domains of resolv.conf are not tried.

    Numeric forms stay as they are (the resolver would take ``127.1.`` for a name), and so do names
    of one label, which /etc/hosts has without a dot: what those may resolve to is limited instead.
    """
    if host.endswith(".") or is_local_name(host) or is_numeric(host):
        return host
    return host + "."


def is_local_name(host: str) -> bool:
    """Return whether a host is a name of one label, which no public receiver has.

    The search domains may complete it to any name, so it leads to our own networks only.
    """
    return "." not in host and not is_numeric(host)


def is_numeric(host: str) -> bool:
    """Return whether the resolver reads a host as a number: it asks nobody then."""
    if ":" in host:
        return True
    try:
        socket.inet_aton(host)  # the same reading: octal, hexadecimal and short forms
    except OSError:
        return False
    return True
