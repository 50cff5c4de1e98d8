"""Rich text for a terminal, by way of a command's ``stdout``."""

import shutil
from io import StringIO

from django.core.management.base import OutputWrapper
from rich.console import Console, RenderableType

STYLES = {
    "SUCCEEDED": "green",
    "RUNNING": "cyan",
    "RETRYING": "yellow",
    "DEAD": "red",
    "EXPIRED": "magenta",
    "CANCELLED": "magenta",
    "enabled": "green",
    "paused": "yellow",
    "active": "green",
    "parked": "bold red",
    "disabled": "magenta",
    "ended": "magenta",
    "healthy": "green",
    "degraded": "yellow",
    "unhealthy": "bold red",
    "unknown": "magenta",
}
"""How the names of states stand out."""


def show(stdout: OutputWrapper, *renderables: RenderableType, is_coloured: bool) -> None:
    """Write ``renderables`` as wide as the terminal is."""
    text = StringIO()
    console = Console(
        file=text,
        force_terminal=True,
        no_color=None if is_coloured else True,  # None: as the environment says
        width=shutil.get_terminal_size((100, 24)).columns,
        highlight=False,
        markup=False,
        emoji=False,
    )
    for renderable in renderables:
        console.print(renderable)
    stdout.write(text.getvalue(), ending="")
