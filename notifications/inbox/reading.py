"""Read an inbox, page by page, and mark messages as read."""

from collections.abc import Iterable
from dataclasses import dataclass

from notifications.models import InboxMessage
from tasks_core import clock

MAX_PAGE = 100
COUNTED_UNREAD = 1_000
"""Counting stops here: nobody reads the difference, and it stays quick."""


@dataclass(frozen=True)
class Page:
    """Some messages, newest first, and where the next page begins."""

    messages: list[InboxMessage]
    next_before: int | None


def page(
    owner: str, *, before: int | None = None, limit: int = 20, unread_only: bool = False
) -> Page:
    """Return one page of an inbox; ``before`` is the ``next_before`` of the page before."""
    found = InboxMessage.objects.of(owner)
    if unread_only:
        found = found.unread()
    if before is not None:
        found = found.filter(pk__lt=before)
    rows = list(found.order_by("-pk")[: limit + 1])
    shown = rows[:limit]
    return Page(shown, shown[-1].pk if len(rows) > limit else None)


def count_unread(owner: str) -> int:
    """Count the unread messages, up to ``COUNTED_UNREAD``."""
    return InboxMessage.objects.of(owner).unread().order_by()[:COUNTED_UNREAD].count()


def mark_read(owner: str, ids: Iterable[int]) -> int:
    """Mark some of an owner's messages as read; return how many were unread."""
    found = InboxMessage.objects.of(owner).unread().filter(pk__in=list(ids))
    return found.update(read_at=clock.now())


def mark_all_read(owner: str, *, up_to: int) -> int:
    """Mark all messages up to an id, which the reader has seen; return how many were unread."""
    found = InboxMessage.objects.of(owner).unread().filter(pk__lte=up_to)
    return found.update(read_at=clock.now())
