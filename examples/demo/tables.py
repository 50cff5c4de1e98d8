"""How the demo's results look."""

from collections.abc import Iterable

from rich import box
from rich.table import Table
from rich.text import Text

from examples.demo.checks import Check
from examples.demo.kinds import LABELS
from examples.demo.summary import Summary, Totals

COLUMNS = (
    "Asked\nfor",
    "Sent",
    "Held",
    "Sup-\npressed",
    "Failed",
    "Ex-\npired",
    "Re-\ntried",
    "p50",
    "p99",
)


def frame(*columns: str) -> Table:
    """Return an empty table: the first column for names, the others for numbers."""
    # As wide as the narrowest terminal that people use.
    table = Table(
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
        show_edge=False,
        header_style="bold",
    )
    for position, column in enumerate(columns):
        table.add_column(
            column, justify="right" if position else "left", vertical="bottom", no_wrap=True
        )
    return table


def number(value: int) -> str:
    """Write a count; none is a dot, which lets the others stand out."""
    return f"{value:,}" if value else "·"


def results(summary: Summary) -> Table:
    """Show the totals, by kind and together."""
    table = frame("", *COLUMNS)
    for kind, label in LABELS.items():
        table.add_row(label, *_cells(summary.by_kind[kind]))
    table.add_section()
    table.add_row("All", *_cells(summary.total), style="bold")
    return table


def verdicts(checks: Iterable[Check]) -> Text:
    """Show what holds and what does not."""
    text = Text()
    for check in checks:
        mark, style = ("✓", "green") if check.holds else ("✗", "bold red")
        text.append(f"{mark} ", style)
        text.append(f"{check.text}\n", "" if check.holds else "red")
    return text


def _cells(totals: Totals) -> list[str]:
    counts = (
        totals.asked,
        totals.sent,
        totals.held,
        totals.suppressed,
        totals.failed,
        totals.expired,
        totals.retried,
    )
    return [*(number(count) for count in counts), _seconds(totals.p50), _seconds(totals.p99)]


def _seconds(value: float | None) -> str:
    if value is None:
        return "·"
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.1f} s"
