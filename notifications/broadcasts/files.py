"""Read an audience from a CSV or a JSON lines file, entry by entry."""

from collections.abc import Iterable, Iterator
from pathlib import PurePath
from typing import Any

from notifications.broadcasts.receiver import Receiver
from notifications.exceptions import InvalidBroadcast
from notifications.tabular.copies import copied_lines
from notifications.tabular.exceptions import UnreadableTable
from notifications.tabular.reading import Columns, checked_table
from tasks_core.engine.json_text import UnreadableJson, read_json

FORMATS = ("csv", "jsonl")

_COLUMNS = Columns(
    required="to", known=("to", "locale"), may_have_others=True, may_have_line_ends=True
)


def format_of(path: str) -> str | None:
    """Return the format by a file's name, None if the name does not say."""
    return {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}.get(PurePath(path).suffix.lower())


def read_receivers(file: Iterable[str], form: str) -> Iterator[Receiver]:
    """Yield receivers.

    CSV has a first line with the names of columns: ``to``, if wanted ``locale``, and the others
    are variables. A JSON line is an object with ``to``, and if wanted ``locale`` and ``context``. The file is
    read to its end before the first receiver is given.

    Raises:
        InvalidBroadcast: names the line that cannot be read. It quotes no value of it.
    """
    return _csv_receivers(file) if form == "csv" else _json_receivers(file)


def _csv_receivers(file: Iterable[str]) -> Iterator[Receiver]:
    try:
        with checked_table(file, _COLUMNS) as rows:
            for row in rows:
                values = dict(row.values)
                yield _receiver(values.pop("to"), values.pop("locale", ""), values)
    except UnreadableTable as error:
        raise InvalidBroadcast(f"line {error.line}", error.problem) from None


def _json_receivers(file: Iterable[str]) -> Iterator[Receiver]:
    with copied_lines(file) as (lines, copy):
        for _ in _each_receiver(_lines(lines)):
            pass
        yield from _each_receiver(copy)


def _each_receiver(lines: Iterable[str]) -> Iterator[Receiver]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            entry = read_json(line)
        except UnreadableJson as error:
            said = str(error).partition(": line ")[0]  # of the file, and not of this entry
            problem = f"is not JSON: {said}" if error.line else f"cannot be stored: {error}"
            raise InvalidBroadcast(f"line {number}", problem) from None
        yield _json_receiver(entry, f"line {number}")


def _lines(file: Iterable[str]) -> Iterator[str]:
    try:
        yield from file
    except UnreadableTable as error:
        raise InvalidBroadcast(f"line {error.line}", error.problem) from None


def _json_receiver(entry: Any, where: str) -> Receiver:
    known = {"to", "locale", "context"}
    if not isinstance(entry, dict) or not known >= set(entry):
        raise InvalidBroadcast(where, "must be an object with to, locale and context only")
    locale, context = entry.get("locale", ""), entry.get("context", {})
    if not isinstance(entry.get("to"), str) or not isinstance(locale, str):
        raise InvalidBroadcast(where, "to and locale must be texts; to is required")
    if not isinstance(context, dict):
        raise InvalidBroadcast(where, "context must be an object")
    return _receiver(entry["to"], locale, context)


def _receiver(to: str, locale: str, context: dict[str, Any]) -> Receiver:
    return Receiver(to=to.strip(), locale=locale.strip(), context=context)
