"""The bytes of one request."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NoReturn

from notifications.sending.outgoing.guard import Target

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_OURS = frozenset({"connection", "content-length", "host", "transfer-encoding", "upgrade"})
_WITHOUT_BODY = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


class InvalidRequest(ValueError):
    """A method or a header that cannot be sent; the text names it and shows no value."""


def request_bytes(
    method: str, target: Target, body: bytes | None, headers: Mapping[str, str]
) -> bytes:
    """Return a request as it goes over the connection.

    ``Host`` and ``Content-Length`` are ours; ``Accept`` and ``Accept-Encoding`` as well, unless given.

    Raises:
        InvalidRequest: a name is no token, a value has a control character, or a header is ours.
    """
    given = _checked(method, headers)
    lines = [
        f"{method} {target.url.raw_path_qs} HTTP/1.1",
        f"Host: {target.url.host_port_subcomponent}",
        *[f"{name}: {value}" for name, value in headers.items()],
    ]
    if "accept" not in given:
        lines.append("Accept: */*")
    if "accept-encoding" not in given:
        lines.append("Accept-Encoding: identity")
    if body is not None or method not in _WITHOUT_BODY:
        lines.append(f"Content-Length: {len(body or b'')}")
    lines.append("\r\n")
    try:
        return "\r\n".join(lines).encode() + (body or b"")
    except UnicodeEncodeError:
        raise InvalidRequest("a header holds half a character; give a complete one") from None


def _checked(method: str, headers: Mapping[str, str]) -> frozenset[str]:
    """Return the names in small letters, if the method and all headers can be sent."""
    if method == "CONNECT" or not _is_token(method):
        raise InvalidRequest(f"{method!r} is no method of a request; give one such as POST")
    if _CONTROL.search("".join(headers.values())):
        wrong = next(name for name, value in headers.items() if _CONTROL.search(value))
        _refuse(wrong, "has a line break or another control character; take it out")
    return _checked_names(tuple(headers))


@lru_cache(maxsize=256)
def _checked_names(names: tuple[str, ...]) -> frozenset[str]:
    for name in names:
        if not _is_token(name):
            _refuse(name, "is no name of a header; use letters, digits and hyphens")
    small = frozenset(name.lower() for name in names)
    if not small.isdisjoint(_OURS):
        _refuse(min(small & _OURS), "is set by the connection itself; leave it out")
    return small


def _is_token(name: str) -> bool:
    return _TOKEN.fullmatch(name) is not None


def _refuse(name: str, problem: str) -> NoReturn:
    raise InvalidRequest(f"the header {name[:100]!r} {problem}")
