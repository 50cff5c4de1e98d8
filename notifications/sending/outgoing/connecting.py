"""Making a connection: resolve once, connect to a checked address, prove the name by TLS."""

import asyncio
import logging
import socket
import ssl
from collections.abc import Callable
from typing import Any

import aiohappyeyeballs

from notifications import conf
from notifications.sending.outgoing.connection import Connection
from notifications.sending.outgoing.guard import AddressNotAllowed, Target, may_connect
from notifications.sending.outgoing.lookups import Answers, Lookups, NoSuchName
from notifications.sending.outgoing.resolver import is_numeric, resolve
from notifications.sending.outgoing.tls import tls_context

logger = logging.getLogger(__name__)

NOWHERE = "the host name leads to no address that may be reached from here"
_NEXT_ADDRESS_SECONDS = 0.25  # RFC 8305: try the next one beside it if the first has not answered


class NoConnection(Exception):
    """There is no connection, so nothing was sent. The text shows no address of ours."""


async def connect(target: Target, made: Callable[[], Connection], lookups: Lookups) -> Connection:
    """Connect within ``OUTGOING_CONNECT_TIMEOUT``: name resolution, connecting and TLS.

    Raises:
        AddressNotAllowed: the URL has the number of an address that may not be reached.
        NoConnection: says in which way it failed.
    """
    try:
        async with asyncio.timeout(conf.current().outgoing_connect_timeout):
            addresses = await _resolved(target, lookups)
            connected = await aiohappyeyeballs.start_connection(
                addresses,
                happy_eyeballs_delay=_NEXT_ADDRESS_SECONDS,
                interleave=1,
                socket_factory=_guarded_socket,
            )
            return await _introduced(target, made, connected)
    except OSError as error:
        raise NoConnection(_words(error)) from None


async def _resolved(target: Target, lookups: Lookups) -> Answers:
    """Resolve; whether a name does not exist or leads inside is told to our own log only.

    Else whoever may enter a URL could list the names of our network.
    """
    try:
        return await resolve(target.host, target.port, lookups)
    except NoSuchName:
        raise NoConnection(NOWHERE) from None
    except AddressNotAllowed:
        if is_numeric(target.host):
            raise
        logger.warning("%s leads to an address or a port that is not allowed", target.host)
        raise NoConnection(NOWHERE) from None


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
    if not may_connect(str(sockaddr[0]), sockaddr[1]):
        raise AddressNotAllowed
    return socket.socket(family=family, type=kind, proto=protocol)


def _words(error: OSError) -> str:
    """Name the kind of failure in words that show no address of ours."""
    match error:
        case ssl.SSLError():
            return f"TLS failed ({type(error).__name__})"
        case ConnectionRefusedError():
            return "connection refused"
        case TimeoutError():
            return "connecting took too long"
        case _:
            return type(error).__name__
