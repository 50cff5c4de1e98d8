"""The aiohttp session that all outgoing requests of one event loop share."""

import asyncio
import socket
from typing import Any
from weakref import WeakKeyDictionary

import aiohttp

from notifications import conf
from notifications.outgoing.guard import AddressNotAllowed, may_connect
from notifications.outgoing.resolver import GuardedResolver

_sessions: WeakKeyDictionary[asyncio.AbstractEventLoop, aiohttp.ClientSession] = WeakKeyDictionary()

MAX_HEADERS = 64
MAX_HEADER_BYTES = 8_190
"""Of one header of a response; the block of all of them is bounded by both numbers."""


def session() -> aiohttp.ClientSession:
    """Give the session of the running event loop; the first call opens it.

    One session per loop keeps connections to busy receivers open between deliveries.
    """
    loop = asyncio.get_running_loop()
    found = _sessions.get(loop)
    if found is None or found.closed:
        found = _sessions[loop] = open_session()
    return found


def open_session() -> aiohttp.ClientSession:
    """Open a session whose every connection passes the guard."""
    settings = conf.current()
    connector = aiohttp.TCPConnector(
        resolver=GuardedResolver(),
        socket_factory=_guarded_socket,
        use_dns_cache=False,
        limit=settings.outgoing_connections,
        keepalive_timeout=30,
    )
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        auto_decompress=False,
        headers={"Accept-Encoding": "identity"},
        max_headers=MAX_HEADERS,
        max_field_size=MAX_HEADER_BYTES,
        max_line_size=MAX_HEADER_BYTES,
        timeout=aiohttp.ClientTimeout(
            total=settings.outgoing_total_timeout,
            sock_connect=settings.outgoing_connect_timeout,
        ),
    )


async def close_session() -> None:
    """Close the session of the running event loop, if it has one."""
    found = _sessions.pop(asyncio.get_running_loop(), None)
    if found is not None:
        await found.close()


def _guarded_socket(addr_info: Any) -> socket.socket:
    """Make the socket for one connection, or refuse: the last check, on the address itself.

    The resolver is not asked for hosts that are numeric already, so this is their only check.
    """
    family, kind, protocol, _name, sockaddr = addr_info
    if not may_connect(str(sockaddr[0])):
        raise AddressNotAllowed
    return socket.socket(family=family, type=kind, proto=protocol)
