"""Name resolution for the guarded connector: once, all answers checked, absolute names only."""

import asyncio
import socket

from aiohttp.abc import AbstractResolver, ResolveResult

from notifications.outgoing.guard import check_resolved

_NUMERIC = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV


class GuardedResolver(AbstractResolver):
    """Resolve a name with the system's resolver and refuse it if any answer is not allowed.

    The connector connects to the addresses returned here, without asking again, so an answer that
    changes between check and connection has no effect.
    """

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Resolve ``host``; raises AddressNotAllowed if one of the answers is not allowed."""
        loop = asyncio.get_running_loop()
        answers = await loop.getaddrinfo(
            absolute(host), port, family=family, type=socket.SOCK_STREAM
        )
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
        check_resolved([result["host"] for result in results])
        return results

    async def close(self) -> None:
        """Nothing is held open."""


def absolute(host: str) -> str:
    """End a domain name with a dot, so that the search domains of resolv.conf are not tried.

    Numeric forms stay as they are (the resolver would take ``127.1.`` for a name), and so do names
    of one label, which are looked up in /etc/hosts without a dot.
    """
    rest, _, last_label = host.rpartition(".")
    looks_numeric = last_label[:1].isdigit() or not last_label.isascii()
    if not rest or not last_label or ":" in host or looks_numeric:
        return host
    return host + "."
