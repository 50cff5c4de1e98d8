"""Name resolution for the guarded connector: once, all answers checked, absolute names only."""

import socket

from aiohttp.abc import AbstractResolver, ResolveResult

from notifications.outgoing.guard import AddressNotAllowed, check_resolved, is_own
from notifications.outgoing.lookups import Lookups

_NUMERIC = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV


class GuardedResolver(AbstractResolver):
    """Resolve a name with the system's resolver and refuse it if any answer is not allowed.

    The connector connects to the addresses returned here, without asking again, so an answer that
    changes between check and connection has no effect.
    """

    def __init__(self) -> None:
        self._lookups = Lookups()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Resolve ``host``; raises AddressNotAllowed if one of the answers is not allowed."""
        answers = await self._lookups.answers(absolute(host), port, family)
        results = [
            ResolveResult(
                hostname=host,
                host=str(sockaddr[0]),
                port=int(sockaddr[1]),
                family=answer_family,
                proto=proto,
                flags=_NUMERIC,
            )
            for answer_family, _type, proto, _name, sockaddr in answers
        ]
        addresses = [result["host"] for result in results]
        check_resolved(addresses)
        if is_local_name(host) and not all(is_own(address) for address in addresses):
            raise AddressNotAllowed
        return results

    async def close(self) -> None:
        """Nothing is held open."""


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
