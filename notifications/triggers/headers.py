"""The headers of a trigger: literal, sealed when their name says that they hide something, or by variable."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from notifications.confidential import MASK
from notifications.exceptions import InvalidTrigger
from notifications.triggers import environment
from notifications.triggers.redaction import is_sensitive
from tasks_core import encryption
from tasks_core.engine.single_line import is_single_line

MAX_HEADERS = 50
MAX_VALUE = 8_000
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,200}")
_RESERVED = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "upgrade", "te"}
)

Stored = list[dict[str, str]]


@dataclass(frozen=True)
class Header:
    """One header as it is sent, and as it is logged."""

    name: str
    value: str = field(repr=False)
    logged: dict[str, str]
    is_secret: bool = False


def store_headers(given: Any, *, before: Stored | None = None, has_moved: bool = False) -> Stored:
    """Check headers and give them as they are stored: sensitive literal values are sealed.

    A masked value, as ``shown_headers`` gives it, stands for the one that is stored in ``before``; not if
    the call has moved to another receiver, who must not get what was entrusted to the first.

    Raises:
        InvalidTrigger: names the header and what is wrong; never quotes a value.
    """
    if isinstance(given, str | Mapping) or not isinstance(given, Iterable):
        raise InvalidTrigger("headers", 'must be a list of {"name": ..., "value": ...}')
    listed = list(given)
    if len(listed) > MAX_HEADERS:
        raise InvalidTrigger("headers", f"has {len(listed)} headers; the limit is {MAX_HEADERS}")
    sealed = {one["name"].lower(): one["sealed"] for one in before or () if "sealed" in one}
    if has_moved and sealed:
        _refuse_masks(listed)
    return [_stored(f"headers[{n}]", one, sealed) for n, one in enumerate(listed)]


def _refuse_masks(listed: Sequence[Any]) -> None:
    for n, one in enumerate(listed):
        if isinstance(one, Mapping) and one.get("value") == MASK:
            raise InvalidTrigger(
                f"headers[{n}].value",
                "is masked, and does not follow to another receiver; the call goes elsewhere now, so enter "
                "the value again",
            )


def shown_headers(stored: Stored) -> Stored:
    """Return headers for people: without sealed values."""
    return [
        {"name": one["name"], "value": MASK} if "sealed" in one else dict(one) for one in stored
    ]


def variables_of(stored: Stored) -> list[str]:
    """Return the names of the environment variables that headers take."""
    return [one["value_from_env"] for one in stored if "value_from_env" in one]


def resolve_headers(stored: Stored) -> list[Header]:
    """Return headers as they are sent.

    Raises:
        NotSet: names the environment variable.
    """
    return [_resolved(one) for one in stored]


def check_header(where: str, name: object, value: object) -> None:
    """Check the form of a literal header.

    Raises:
        InvalidTrigger: says what is wrong with the name or the value.
    """
    check_header_name(where, name)
    if not isinstance(value, str) or len(value) > MAX_VALUE:
        raise InvalidTrigger(f"{where}.value", f"must be a text of at most {MAX_VALUE} characters")
    if not is_header_value(value):
        raise InvalidTrigger(f"{where}.value", "has a line break or another control character")


def is_header_value(value: str) -> bool:
    """Return whether a text can stand in a header."""
    return is_single_line(value.replace("\t", " "))


def check_header_name(where: str, name: object) -> None:
    """Check the name of a header; raises InvalidTrigger."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InvalidTrigger(f"{where}.name", "is no name of a header")
    if name.lower() in _RESERVED:
        raise InvalidTrigger(f"{where}.name", f"{name} is set by the connection itself")


def merged(*groups: Sequence[Header]) -> list[Header]:
    """Return all headers; of one name, whatever its case, the last group's stand."""
    found: dict[str, list[Header]] = {}
    for group in groups:
        names = {header.name.lower() for header in group}
        for name in names:
            found.pop(name, None)
        for header in group:
            found.setdefault(header.name.lower(), []).append(header)
    return [header for same in found.values() for header in same]


def plain(name: str, value: str, *, hides: bool = False) -> Header:
    """Return a header whose value anyone may see, unless its name says otherwise, or ``hides`` does."""
    hides = hides or is_sensitive(name)
    return Header(name, value, {"name": name, "value": MASK if hides else value}, is_secret=hides)


def _stored(where: str, given: Any, sealed: Mapping[str, str]) -> dict[str, str]:
    if not isinstance(given, Mapping):
        raise InvalidTrigger(where, 'must be {"name": ..., "value": ...}')
    unknown = sorted(set(given) - {"name", "value", "value_from_env"})
    if unknown or ("value" in given) == ("value_from_env" in given):
        raise InvalidTrigger(where, "has name, and either value or value_from_env")
    name = given.get("name")
    if "value_from_env" in given:
        check_header_name(where, name)
        variable = environment.check_name(f"{where}.value_from_env", given["value_from_env"])
        return {"name": str(name), "value_from_env": variable}
    check_header(where, name, given["value"])
    return _sealed(where, str(name), str(given["value"]), sealed)


def _sealed(where: str, name: str, value: str, sealed: Mapping[str, str]) -> dict[str, str]:
    if value == MASK:
        if name.lower() not in sealed:
            raise InvalidTrigger(f"{where}.value", "is masked, and no value is stored; enter it")
        return {"name": name, "sealed": sealed[name.lower()]}
    if is_sensitive(name):
        return {"name": name, "sealed": encryption.seal(value)}
    return {"name": name, "value": value}


def _resolved(stored: Mapping[str, str]) -> Header:
    name = stored["name"]
    if "value_from_env" in stored:
        value = environment.value_of(stored["value_from_env"])
        return Header(name, value, dict(stored), is_secret=True)
    if "sealed" in stored:
        value = encryption.unseal(stored["sealed"])
        return Header(name, value, {"name": name, "value": MASK}, is_secret=True)
    return plain(name, stored["value"])
