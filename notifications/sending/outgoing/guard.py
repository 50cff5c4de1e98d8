"""Which addresses we may connect to. Every outgoing client of the platform asks here.

The name is never judged, only what it resolves to: ``2130706433``, ``0177.0.0.1``, ``127.1`` and
``①②⑦.⓪.⓪.①`` are all the local host to the resolver.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import NamedTuple, NoReturn

from yarl import URL

from notifications import conf
from notifications.sending.outgoing.denied import is_denied, unmapped
from tasks_core.conf import read_once
from tasks_core.engine.single_line import is_single_line

MAX_URL_LENGTH = 2048
EVERY_PORT = 0
"""Stands for all of them in ``OUTGOING_PORTS``; and so does an empty list."""


class AddressNotAllowed(Exception):
    """The address may not be reached from here.

    The text never says what the name resolved to: it is shown to whoever entered the URL, and
    would map our network for them.
    """

    def __init__(self) -> None:
        super().__init__("address not allowed")


class InvalidUrl(ValueError):
    """The URL cannot be used at all; the text says why and what would be right."""


class Origin(NamedTuple):
    """What one connection leads to; requests to the same origin can share it."""

    scheme: str
    host: str
    port: int


@dataclass(frozen=True)
class Target:
    """A URL that passed the checks of form, as the client is to use it.

    It is parsed here and nowhere else: two parsers may see different hosts in one text.
    """

    url: URL
    host: str
    port: int
    origin: Origin


def check_url(url: str) -> Target:
    """Check the form of a URL that someone entered: scheme, host, port, no credentials.

    Raises:
        InvalidUrl: says what is wrong and what would be right.
    """
    settings = conf.current()
    return _checked(url, settings.outgoing_https_only, _ports_of_some())


@lru_cache(maxsize=1_024)
def _checked(url: str, https_only: bool, ports: tuple[int, ...]) -> Target:
    if len(url) > MAX_URL_LENGTH:
        _refuse(f"is longer than {MAX_URL_LENGTH} characters")
    if not is_single_line(url) or any(character.isspace() for character in url):
        _refuse("contains a space or a control character")
    if "\\" in url:
        _refuse("contains a backslash")
    try:
        parsed = URL(url)
        port = parsed.explicit_port
    except ValueError:
        _refuse("is not a URL; write one such as https://example.com/hooks")
    _check_scheme(parsed, https_only)
    if not parsed.raw_host:
        _refuse("has no host; write one such as https://example.com/hooks")
    if "@" in authority(url):
        _refuse("contains a user name or password; requests are signed, leave them out")
    origin = Origin(parsed.scheme, parsed.raw_host, _allowed_port(parsed.scheme, port, ports))
    return Target(parsed, origin.host, origin.port, origin)


def authority(url: str) -> str:
    """Return the part of a URL between ``//`` and the path: host, port and credentials."""
    rest = url.partition("//")[2]
    return re.split(r"[/?#]", rest, maxsplit=1)[0]


def check_resolved(addresses: Sequence[str], port: int) -> None:
    """Refuse a name when any one of its addresses may not be reached on this port.

    All of them count, because the one that is connected to is not known beforehand.

    Raises:
        AddressNotAllowed: if one is denied and not on the list of allowed networks.
    """
    if not addresses or not all(may_connect(address, port) for address in addresses):
        raise AddressNotAllowed


def may_connect(address: str, port: int) -> bool:
    """Return whether a numeric address may be connected to on this port."""
    seen = _seen(address)
    if seen is None:
        return False
    if _is_allowed_by_setting(seen, port):
        return True
    if not {EVERY_PORT, port}.intersection(_public_ports()):
        return False
    return not is_denied(seen) and not _is_denied_by_setting(seen)


def is_own(address: str, port: int) -> bool:
    """Return whether the list of allowed networks names this numeric address as one of our own."""
    seen = _seen(address)
    return seen is not None and _is_allowed_by_setting(seen, port)


def _seen(address: str) -> IPv4Address | IPv6Address | None:
    try:
        return unmapped(ip_address(address.partition("%")[0]))
    except ValueError:
        return None


def _is_allowed_by_setting(address: IPv4Address | IPv6Address, port: int) -> bool:
    return any(allowed.has(address, port) for allowed in conf.allowed_networks())


def _is_denied_by_setting(address: IPv4Address | IPv6Address) -> bool:
    return any(
        address.version == network.version and address in network
        for network in conf.denied_networks()
    )


@read_once
def _ports_of_some() -> tuple[int, ...]:
    """Return the ports that some address may be reached on: which one it is, is known when it is resolved."""
    public = _public_ports()
    if EVERY_PORT in public:
        return (EVERY_PORT,)
    ports = {*public, *(allowed.port or EVERY_PORT for allowed in conf.allowed_networks())}
    return (EVERY_PORT,) if EVERY_PORT in ports else tuple(sorted(ports))


def _public_ports() -> Sequence[int]:
    return conf.current().outgoing_ports or (EVERY_PORT,)


def _check_scheme(url: URL, https_only: bool) -> None:
    if url.scheme == "https":
        return
    if url.scheme == "http":
        if https_only:
            _refuse("uses http; use https (BELLRINGER['OUTGOING_HTTPS_ONLY'] decides)")
        return
    _refuse("does not begin with https://")


def _allowed_port(scheme: str, port: int | None, allowed: tuple[int, ...]) -> int:
    found = port if port is not None else (443 if scheme == "https" else 80)
    if found == 0:
        _refuse("uses port 0; there are those from 1 to 65535")
    if EVERY_PORT not in allowed and found not in allowed:
        # Not which one: a variable of the environment may have given it, whose value nobody is to read here.
        listed = ", ".join(str(one) for one in allowed)
        _refuse(
            f"uses a port that is not allowed; allowed: {listed} (BELLRINGER['OUTGOING_PORTS'] decides)"
        )
    return found


def _refuse(problem: str) -> NoReturn:
    raise InvalidUrl(f"the URL {problem}")
