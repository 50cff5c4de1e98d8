"""Write what is known of one thing, a name and a value on each line."""

from collections.abc import Mapping
from typing import Any

from django.core.management.base import BaseCommand
from rich.table import Table
from rich.text import Text

from tasks_core.management.output.cell import cell
from tasks_core.management.output.screen import STYLES, show


def write_facts(command: BaseCommand, facts: Mapping[str, Any], *, is_coloured: bool) -> None:
    """Write the facts that have a value."""
    texts = {name.replace("_", " "): cell(value) for name, value in facts.items()}
    filled = {name: text for name, text in texts.items() if text}
    if not command.stdout.isatty():
        for name, text in filled.items():
            command.stdout.write(f"{name}\t{text}")
        return
    table = Table.grid(padding=(0, 2))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, text in filled.items():
        table.add_row(name, Text(text, style=STYLES.get(text, "")))
    show(command.stdout, table, is_coloured=is_coloured)
