"""Longer contents for people: JSON, tracebacks, tables of facts."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

LONG = 20
"""Characters from which on the text of a cell may break anywhere."""


def json_block(value: Any) -> SafeString:
    """Return JSON, indented. What may not be seen must be masked before."""
    return text_block(json.dumps(value, indent=2, ensure_ascii=False))


def text_block(text: str) -> SafeString:
    """Return a text whose lines stay as they are."""
    return format_html('<pre class="br-block">{}</pre>', text)


def link(url: str, text: object) -> SafeString:
    """Return a link inside the admin."""
    return format_html('<a class="br-link" href="{}">{}</a>', url, text)


def two_lines(first: object, second: object) -> SafeString:
    """Return a cell with a main line and a smaller one."""
    return format_html(
        '<span class="br-first">{}</span><span class="br-second">{}</span>', first, second
    )


def facts_table(facts: Iterable[tuple[str, object]]) -> SafeString:
    """Return labels and values, each pair on a line."""
    lines = format_html_join("", "<div><dt>{}</dt><dd>{}</dd></div>", facts)
    return format_html('<dl class="br-pairs">{}</dl>', lines)


def values_table(values: Mapping[str, Any]) -> SafeString:
    """Return JSON's names and values as a table; what has parts of its own is indented."""
    rows = [(format_html("<code>{}</code>", name), _value(value)) for name, value in values.items()]
    return table(("Name", "Value"), rows, empty="None.")


def table(headers: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str) -> SafeString:
    """Return a table, or the sentence ``empty`` if it has no rows."""
    body = format_html_join("", "<tr>{}</tr>", ((_cells(row),) for row in rows))
    if not body:
        return format_html('<p class="br-subtle">{}</p>', empty)
    head = format_html_join("", '<th scope="col">{}</th>', ((name,) for name in headers))
    return format_html(
        '<div class="br-scroll"><table class="br-table"><thead><tr>{}</tr></thead>'
        "<tbody>{}</tbody></table></div>",
        head,
        body,
    )


def _value(value: Any) -> object:
    if isinstance(value, str):
        return format_html('<span class="br-lines">{}</span>', value) if "\n" in value else value
    return json_block(value) if isinstance(value, dict | list) and value else json.dumps(value)


def _cells(row: Sequence[object]) -> SafeString:
    """Return a cell with a long text room, so that narrow screens do not break it between letters."""
    return format_html_join("", "<td{}>{}</td>", ((_room(cell), cell) for cell in row))


def _room(cell: object) -> SafeString:
    is_long = len(str(cell)) > LONG and not isinstance(cell, SafeString)
    return SafeString(' class="br-text"' if is_long else "")
