"""Making a connection: resolve once, connect to a checked address, prove the name by TLS."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from typing import Any

import aiohappyeyeballs

from notifications import conf
from notifications.outgoing.connection import Connection
from notifications.outgoing.guard import AddressNotAllowed, Target, may_connect
from notifications.outgoing.lookups import Lookups
from notifications.outgoing.resolver import resolve
from notifications.outgoing.tls import tls_context

_NEXT_ADDRESS_SECONDS = 0.25  # RFC 8305: try the next one beside it if the first has not answered


class NoConnection(Exception):
    """There is no connection, so nothing was sent. The text shows no address of ours."""


async def connect(target: Target, made: Callable[[], Connection], lookups: Lookups) -> Connection:
    """Connect within ``OUTGOING_CONNECT_TIMEOUT``: name resolution, connecting and TLS.

    Raises:
        AddressNotAllowed: the name leads to an address that may not be reached.
        NoConnection: says in which way it failed.
    """
    try:
        async with asyncio.timeout(conf.current().outgoing_connect_timeout):
            addresses = await resolve(target.host, target.port, lookups)
            connected = await aiohappyeyeballs.start_connection(
                addresses,
                happy_eyeballs_delay=_NEXT_ADDRESS_SECONDS,
                interleave=1,
                socket_factory=_guarded_socket,
            )
            return await _introduced(target, made, connected)
    except OSError as error:
        raise NoConnection(_words(error)) from None


async def _introduced(
    target: Target, made: Callable[[], Connection], connected: socket.socket
) -> Connection:
    is_tls = target.origin.scheme == "https"
    try:
        _, connection = await asyncio.get_running_loop().create_connection(
            made,
            sock=connected,
            ssl=tls_context() if is_tls else None,
            server_hostname=target.host.rstrip(".") if is_tls else None,
        )
    except BaseException:
        connected.close()
        raise
    return connection


def _guarded_socket(address: Any) -> socket.socket:
    """Make the socket for one connection, or refuse: the last check, on the address itself."""
    family, kind, protocol, _name, sockaddr = address
    if not may_connect(str(sockaddr[0])):
        raise AddressNotAllowed
    return socket.socket(family=family, type=kind, proto=protocol)


def _words(error: OSError) -> str:
    """Name the kind of failure in words that show no address of ours."""
    match error:
        case socket.gaierror():
            return "the host name does not resolve"
        case ssl.SSLError():
            return f"TLS failed ({type(error).__name__})"
        case ConnectionRefusedError():
            return "connection refused"
        case TimeoutError():
            return "connecting took too long"
        case _:
            return type(error).__name__
