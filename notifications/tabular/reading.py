"""Read a table strictly: what is not understood is named by its line, before the rest is used."""

import csv
import itertools
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from notifications.tabular.copies import copied_lines
from notifications.tabular.exceptions import UnreadableTable

SEPARATORS = ",;\t"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: where it begins in its file, and its values by the names of the columns.

    ``problem`` says why there are none (see ``Columns.may_skip_lines``).
    """

    line: int
    values: dict[str, str]
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class Columns:
    """What the first line has to name.

    Attributes:
        required: the column that has to be there.
        known: names that are understood in any case, ``required`` among them.
        may_have_others: whether other columns may stand beside them, as they are written.
        may_have_line_ends: whether a value in quotes may go over several lines.
        may_skip_lines: whether a line with too few or too many values is given with its problem, and the
            others are good all the same.
    """

    required: str
    known: Collection[str]
    may_have_others: bool = False
    may_have_line_ends: bool = False
    may_skip_lines: bool = False


@contextmanager
def checked_table(lines: Iterable[str], columns: Columns) -> Iterator[Iterator[Row]]:
    """Give the rows of a table, all of which has been read and understood before the first one is given.

    Values are separated by commas, semicolons or tabs, as the first line has them; lines without any value
    are left out.

    Raises:
        UnreadableTable: names the line and what would be right.
    """
    with copied_lines(lines) as (first_time, copy):
        for _ in _rows(first_time, columns):
            pass
        yield _rows(copy, columns)


def _rows(lines: Iterable[str], columns: Columns) -> Iterator[Row]:
    found = iter(lines)
    first = next(found, "").removeprefix("\ufeff")
    ahead = 0
    if first[:4].lower() == "sep=" and len(first.rstrip("\r\n")) == 5:  # a spreadsheet's own
        separator, first, ahead = first[4], next(found, ""), 1
    else:
        separator = _separator(first)
    reader = csv.reader(itertools.chain([first], found), delimiter=separator, strict=True)
    names = _names(next(_read(reader, columns, ahead), (1, []))[1], columns, ahead + 1)
    for line, values in _read(reader, columns, ahead):
        if not any(value.strip() for value in values):
            continue
        used = _without_empty_end(values, len(names))
        if len(used) == len(names):
            yield Row(line, dict(zip(names, used, strict=True)))
            continue
        problem = (
            f"has not as many values as line {ahead + 1} has columns ({len(values)}, not "
            f"{len(names)}); put a value in quotes that holds a separator"
        )
        if not columns.may_skip_lines:
            raise UnreadableTable(line, problem)
        yield Row(line, {}, problem)


def _read(
    reader: Iterator[list[str]], columns: Columns, ahead: int
) -> Iterator[tuple[int, list[str]]]:
    """Return the lines of a table with the numbers of the file's lines at which they begin."""
    while True:
        before = reader.line_num  # type: ignore[attr-defined]
        line = ahead + before + 1
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise UnreadableTable(line, _said(error, reader, before)) from None
        if reader.line_num > before + 1 and not columns.may_have_line_ends:  # type: ignore[attr-defined]
            raise UnreadableTable(line, _OPEN)
        yield line, values


_OPEN = "opens a quote that is not closed in it; write a quote within a value twice"


def _said(error: csv.Error, reader: Iterator[list[str]], before: int) -> str:
    is_one_line = reader.line_num <= before + 1  # type: ignore[attr-defined]
    if not is_one_line or "unexpected end" in str(error):
        return _OPEN
    return f"is not CSV: {error}"


def _separator(first: str) -> str:
    """Return what the first line has most of outside quotes; a comma if it has none."""
    outside = "".join(first.split('"')[::2])
    return max(SEPARATORS, key=outside.count)


def _names(values: list[str], columns: Columns, line: int) -> list[str]:
    known = {name.casefold(): name for name in columns.known}
    given = [value.strip() for value in values]
    while given and not given[-1]:
        given.pop()
    names = [known.get(name.casefold(), name) for name in given]
    listed = ", ".join([columns.required, *sorted(set(columns.known) - {columns.required})])
    if columns.required not in names:
        raise UnreadableTable(
            line, f"must name the columns: {listed}; it has none named {columns.required}"
        )
    for name in names:
        if not name:
            raise UnreadableTable(line, "has a column without a name")
        if names.count(name) > 1:
            raise UnreadableTable(line, "names a column twice; each has one value in a line")
        if name not in columns.known and not columns.may_have_others:
            raise UnreadableTable(line, f"must name the columns: {listed}; it names another one")
    return names


def _without_empty_end(values: list[str], most: int) -> list[str]:
    """Leave out what a spreadsheet writes behind the last column that is used."""
    return values if any(value.strip() for value in values[most:]) else values[:most]
