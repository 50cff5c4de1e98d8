"""Write a list: a table on a terminal, tab-separated text into a pipe, or JSON lines."""

from argparse import ArgumentParser
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.core.management.base import BaseCommand
from rich.table import Table
from rich.text import Text

from tasks_core.management.output.cell import cell
from tasks_core.management.output.json_lines import json_line
from tasks_core.management.output.screen import STYLES, show

Row = Mapping[str, Any]
NEVER_WRAPPED = frozenset({"id", "task", "state", "level", "name", "task_type", "lane", "at"})


def add_format_argument(parser: ArgumentParser) -> None:
    """Add ``--format``."""
    parser.add_argument(
        "--format",
        choices=("table", "json"),
        default="table",
        help="table (tab-separated when piped), or json: one object per line. Default: table.",
    )


def write_list(
    command: BaseCommand,
    rows: Iterable[Row],
    *,
    columns: Sequence[str],
    options: Mapping[str, Any],
    is_endless: bool = False,
) -> None:
    """Write ``rows`` in the form that ``options`` ask for.

    A table shows ``columns`` only, JSON has all fields of a row. Of rows that may be too many for the
    memory (``is_endless``) a terminal gets plain lines as well, each as soon as it is known.
    """
    if options["format"] == "json":
        _write_lines(command, (json_line(row) for row in rows))
    elif is_endless or not command.stdout.isatty():
        _write_lines(command, _plain_lines(rows, columns))
    else:
        found = list(rows)
        content = _table(found, columns) if found else Text("none", style="dim")
        show(command.stdout, content, is_coloured=not options["no_color"])


def _write_lines(command: BaseCommand, lines: Iterable[str]) -> None:
    for line in lines:
        command.stdout.write(line)


def _plain_lines(rows: Iterable[Row], columns: Sequence[str]) -> Iterable[str]:
    yield "\t".join(columns)
    for row in rows:
        yield "\t".join(cell(row[column]) for column in columns)


def _table(rows: list[Row], columns: Sequence[str]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in columns:
        table.add_column(column.replace("_", " "), no_wrap=column in NEVER_WRAPPED, overflow="fold")
    for row in rows:
        table.add_row(*(_styled(cell(row[column])) for column in columns))
    return table


def _styled(text: str) -> Text:
    return Text(text, style=STYLES.get(text, ""))
