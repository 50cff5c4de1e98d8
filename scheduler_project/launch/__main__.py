"""`make up`: the platform in the foreground, until Ctrl-C."""

import os
import signal
import sys
import threading

import django
from rich.console import Console
from rich.panel import Panel
from rich.text import Text

COLOURS = {"web": "cyan", "worker": "green", "beat": "magenta", "flower": "yellow"}


def main() -> int:
    """Start everything, print where it is, follow the logs, stop everything."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "scheduler_project.settings")
    django.setup()
    # They need the settings.
    from scheduler_project.launch.follow import follow
    from scheduler_project.launch.platform import Platform, PlatformError
    from scheduler_project.launch.preparation import prepare

    console = Console()
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    login = prepare()
    platform = Platform()
    try:
        platform.start()
        platform.wait_ready()
        console.print(welcome(platform.web_url, platform.flower_url, login.user, login.password))
        logs = {name: process.log for name, process in platform.processes.items()}
        follow(logs, lambda name, line: _show(console, name, line), stop)
    except PlatformError as error:
        console.print(str(error), style="red", markup=False)
        return 1
    finally:
        if platform.started:
            console.print("Stopping ...")
        platform.stop()
    return 0


def welcome(web_url: str, flower_url: str, user: str, password: str) -> Panel:
    """Return what an operator needs to know: where things are, and the login."""
    lines = (
        f"Admin   {web_url}",
        f"Flower  {flower_url}",
        f"Login   {user} / {password}",
        "",
        "Ctrl-C stops everything.",
    )
    return Panel(Text("\n".join(lines)), title="Bellringer is running", expand=False)


def _show(console: Console, name: str, line: str) -> None:
    console.print(Text.assemble((f"{name:7}", COLOURS.get(name, "white")), line), soft_wrap=True)


if __name__ == "__main__":
    sys.exit(main())
