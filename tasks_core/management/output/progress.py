"""A progress bar for a person who waits; nothing for a pipe."""

import sys
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

ItemT = TypeVar("ItemT")


def with_progress(
    items: Iterable[ItemT],
    *,
    total: int | None,
    what: str,
    size: Callable[[ItemT], int] = lambda _: 1,
) -> Iterator[ItemT]:
    """Pass ``items`` on and show on standard error, if that is a terminal, how many there were.

    Where nobody knows how many there will be, ``total`` is None. An item counts for its ``size``.
    """
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
    with bar:
        task = bar.add_task(what, total=total)
        for item in items:
            yield item
            bar.advance(task, size(item))
