"""Which of a recipient's settings decides about a message: the most specific one."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

ANY = ""
"""Stands for every category, or for every channel."""


class Setting(NamedTuple):
    """What a recipient said about a category (or any) on a channel (or any)."""

    category: str
    channel: str
    enabled: bool


def deciding(settings: Iterable[Setting], *, path: Sequence[str], channel: str) -> Setting | None:
    """Return the setting that decides, or None if the recipient has said nothing about it.

    Args:
        settings: all that the recipient has said; no two for the same category and channel.
        path: the message's category, its parent, and so on up; empty if it has none.
        channel: the way the message would take.

    A nearer category decides before a farther one, and any category comes last. For the same category
    the named channel decides before any channel.
    """
    ranked = [(rank, one) for one in settings if (rank := _rank(one, path, channel)) is not None]
    return min(ranked)[1] if ranked else None


def path_of(category: str, parents: Mapping[str, str]) -> tuple[str, ...]:
    """Return a category and those above it, the nearest first.

    One that is not in ``parents`` stands alone. A circle, which only a hand in the database could make,
    ends where it closes.
    """
    path: list[str] = []
    while category and category not in path:
        path.append(category)
        category = parents.get(category, "")
    return tuple(path)


def _rank(one: Setting, path: Sequence[str], channel: str) -> tuple[int, int] | None:
    if one.channel not in (channel, ANY):
        return None
    if one.category == ANY:
        distance = len(path)
    elif one.category in path:
        distance = path.index(one.category)
    else:
        return None
    return distance, int(one.channel == ANY)
