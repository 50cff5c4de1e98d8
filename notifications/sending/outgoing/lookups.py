"""Name lookups by c-ares: any number of them at once, and each ends by itself.

The system's resolver blocks its thread for as long as a name server keeps it waiting, so a few dozen names
that somebody lets hang would hold up those of everybody else.
"""

import asyncio
import socket
from typing import Any
from weakref import WeakSet

from aiodns import DNSResolver
from aiodns.error import DNSError
from pycares import AddrInfoNode, AddrInfoResult

from notifications import conf

ROUNDS = 2
"""How often each name server is asked; it has twice as long the second time."""

REMEMBERED_SECONDS = 60.0
"""So long at most an answer is remembered, whatever it says of itself: c-ares would keep some for an hour."""

Answers = list[Any]
"""As ``socket.getaddrinfo`` gives them."""


class NoSuchName(OSError):
    """The name has no address, or nobody says which in time."""


class Lookups:
    """The lookups of one event loop. Who asks for a name that is being looked up shares the answer.

    Names are asked for at the name servers of /etc/resolv.conf, or at those of ``OUTGOING_NAME_SERVERS``. Of
    /etc/hosts names of one label count only: others end in a dot here, which no name has there. Answers are
    remembered for as long as they say, and for a minute at most.
    """

    def __init__(self) -> None:
        self._under_way: dict[str, asyncio.Future[AddrInfoResult]] = {}
        self._resolver: DNSResolver | None = None
        self._renew_at = 0.0
        # One that was replaced lives on until its last lookup has ended.
        self._resolvers: WeakSet[DNSResolver] = WeakSet()

    async def answers(self, host: str, port: int) -> Answers:
        """Look a name up; who stops waiting stops nobody else.

        Raises:
            NoSuchName: it has no address, or no name server has answered.
        """
        try:
            found = await asyncio.shield(self._lookup(host))
        except (DNSError, UnicodeError):  # of the second kind: a label that nobody can have
            raise NoSuchName from None
        return [_answer(node, port) for node in found.nodes]

    async def close(self) -> None:
        """End what is under way, and give back what was opened for it."""
        self._resolver = None
        for resolver in list(self._resolvers):
            await resolver.close()

    def _lookup(self, host: str) -> "asyncio.Future[AddrInfoResult]":
        found = self._under_way.get(host)
        if found is None:
            found = self._asked().getaddrinfo(
                host, socket.AF_UNSPEC, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP
            )
            self._under_way[host] = found
            found.add_done_callback(lambda ended: self._forget(host, ended))
        return found

    def _asked(self) -> DNSResolver:
        now = asyncio.get_running_loop().time()
        if self._resolver is None or now >= self._renew_at:
            self._resolver = _resolver()
            self._resolvers.add(self._resolver)
            self._renew_at = now + REMEMBERED_SECONDS
        return self._resolver

    def _forget(self, host: str, ended: "asyncio.Future[AddrInfoResult]") -> None:
        del self._under_way[host]
        if not ended.cancelled():
            ended.exception()  # nobody may be left to hear of it, and that is no error


def _resolver() -> DNSResolver:
    settings = conf.current()
    return DNSResolver(
        list(settings.outgoing_name_servers) or None,
        asyncio.get_running_loop(),
        # A single name server is given all the time that there is for a connection, in two rounds.
        timeout=settings.outgoing_connect_timeout / (2**ROUNDS - 1),
        tries=ROUNDS,
    )


def _answer(node: AddrInfoNode, port: int) -> tuple[Any, ...]:
    family = socket.AddressFamily(node.family)
    address = node.addr[0].decode()
    rest = node.addr[2:]  # of IPv6: flow and zone
    return family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (address, port, *rest)
