"""Tiles of the first page; other apps add theirs."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest


@dataclass(frozen=True)
class Tile:
    """One figure with a link to what it counts."""

    label: str
    figure: str
    note: str
    url: str
    tone: str


Make = Callable[[HttpRequest, datetime], Iterable[Tile]]

_makers: dict[str, Make] = {}


def add_tiles(part: str, make: Make) -> None:
    """Let the first page also show what ``make`` gives; call it in an app's ``admin`` module.

    Args:
        part: a name, such as that of the app; the same name replaces what it added before.
        make: called for each view, with the request and the time. It looks at the reader's permissions, asks
            the database a fixed number of questions, and gives no figure whose cost grows with the rows.
    """
    _makers[part] = make


def added_tiles(request: HttpRequest, now: datetime) -> Iterator[Tile]:
    """Yield the tiles that other apps have added."""
    for make in _makers.values():
        yield from make(request, now)
