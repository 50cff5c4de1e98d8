"""What to try when the demo has run."""

import sys
from pathlib import Path

from rich.panel import Panel
from rich.table import Table

from scheduler_project.launch import Login, Platform


def next_steps(platform: Platform, login: Login) -> Panel:
    """Return where things are, the login, and what is worth a look."""
    worker = platform.processes["worker"].pid
    lines = Table.grid(padding=(0, 2))
    for name, text in (
        ("Admin", platform.web_url),
        ("Flower", platform.flower_url),
        ("Login", f"{login.user} / {login.password}"),
        ("Logs", f"{platform.log_folder}/"),
        ("", ""),
        ("Dead letters", f"{platform.web_url}tasks_core/deadletter/"),
        ("Deliveries", f"{platform.web_url}notifications/delivery/"),
        ("Held messages", f"{platform.web_url}notifications/notification/?state__exact=accepted"),
        ("Newsletter", f"{platform.web_url}notifications/broadcast/"),
        ("Dead endpoint", f"{platform.web_url}notifications/endpoint/"),
        ("Try", f"kill -9 {worker}, the worker: it is back in a second, and nothing is lost"),
        ("", f"{_python()} manage.py list_dead_letters"),
        ("", "make demo ARGS='--exit', and kill something while it runs"),
        ("", "examples/payments/gateway.py: how an app sends all this"),
        ("", ""),
        ("Stop", "Ctrl-C"),
    ):
        lines.add_row(f"[bold]{name}[/bold]", text)
    return Panel(lines, title="Everything is still running", expand=False, border_style="green")


def _python() -> str:
    """Return how to call this interpreter from here."""
    interpreter = Path(sys.executable)
    here = Path.cwd()
    return str(interpreter.relative_to(here) if interpreter.is_relative_to(here) else interpreter)
