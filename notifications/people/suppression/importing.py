"""Read a suppression list from CSV, however long it is."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from django.db import transaction

from notifications.exceptions import InvalidSuppression
from notifications.people.suppression.listing import NewEntry, checked, put
from notifications.rules.suppressions import Reason
from notifications.tabular.exceptions import UnreadableTable
from notifications.tabular.reading import Columns, Row, checked_table
from tasks_core import database
from tasks_core.engine.instants import read_instant

COLUMNS = ("address", "channel", "reason", "category", "expires_at")
_COLUMNS = Columns(required="address", known=COLUMNS, may_skip_lines=True)
CHUNK = 1_000
SHOWN = 20


@dataclass
class Imported:
    """What became of the lines so far."""

    read: int = 0
    stored: int = 0
    """New entries, and those that hold longer than before."""
    refused: int = 0
    problems: list[str] = field(default_factory=list)
    """The first ones, each with its line; addresses are not quoted."""


def import_suppressions(
    lines: Iterable[str], *, channel: str, reason: Reason, source: str
) -> Imported:
    """Store the entries of a CSV file, 1,000 in a transaction; return how many there were.

    Args:
        lines: the file. Its first line names the columns: ``address`` and, if wanted, ``channel``,
            ``reason``, ``category`` and ``expires_at`` (ISO 8601 with a zone).
        channel: for lines that name none.
        reason: for lines that name none.
        source: who says so.

    A wrong line is counted and the others are stored; what is on the list already stays as it is.

    Raises:
        InvalidSuppression: the file is no such table; it names the line, and nothing is stored.
    """
    imported = Imported()
    default = NewEntry(channel=channel, reason=reason, source=source)
    try:
        with checked_table(lines, _COLUMNS) as rows:
            entries = _entries(rows, imported, default)
            while chunk := list(islice(entries, CHUNK)):
                with transaction.atomic(using=database.alias()):
                    imported.stored += put(chunk)
    except UnreadableTable as error:
        raise InvalidSuppression(f"line {error.line}", error.problem) from None
    return imported


def _entries(rows: Iterator[Row], imported: Imported, default: NewEntry) -> Iterator[NewEntry]:
    for row in rows:
        imported.read += 1
        try:
            yield checked(_entry(row, default))
        except InvalidSuppression as error:
            _refuse(imported, row.line, str(error))


def _entry(row: Row, default: NewEntry) -> NewEntry:
    if row.problem:
        raise InvalidSuppression("line", row.problem)
    given = {name: row.values.get(name, "").strip() for name in COLUMNS}
    return NewEntry(
        channel=given["channel"] or default.channel,
        address=given["address"],
        category=given["category"],
        reason=_reason(given["reason"]) if given["reason"] else default.reason,
        source=default.source,
        expires_at=_instant(given["expires_at"]) if given["expires_at"] else None,
    )


def _reason(text: str) -> Reason:
    try:
        return Reason(text)
    except ValueError:
        listed = ", ".join(Reason)
        raise InvalidSuppression("reason", f"must be one of {listed}") from None


def _instant(text: str) -> datetime:
    try:
        return read_instant(text)
    except ValueError:
        raise InvalidSuppression("expires_at", "must be like 2026-07-01T09:00Z") from None


def _refuse(imported: Imported, line: int, problem: str) -> None:
    imported.refused += 1
    if len(imported.problems) < SHOWN:
        imported.problems.append(f"line {line}: {problem}")
