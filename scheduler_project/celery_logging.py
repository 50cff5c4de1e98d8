"""Celery logs as the settings say; it has no format and no handlers of its own."""

import logging
from logging.handlers import WatchedFileHandler
from typing import Any

from celery import Celery, signals

from tasks_core.logs.handler import LineHandler


def connect(app: Celery) -> None:
    """Take the place of Celery's set-up of logging in workers and beats of ``app``."""

    def set_up(loglevel: int | str | None = None, logfile: str | None = None, **_: Any) -> None:
        lower_level(loglevel)
        if logfile:
            write_to(logfile)
        if app.conf.worker_redirect_stdouts:
            # What tasks print becomes log lines, redacted like all others.
            app.log.redirect_stdouts(app.conf.worker_redirect_stdouts_level)

    signals.setup_logging.connect(set_up, weak=False, dispatch_uid="scheduler_project.logging")


def lower_level(level: int | str | None) -> None:
    """Let --loglevel ask for more than the settings do; it cannot ask for less."""
    number = logging.getLevelName(level.upper()) if isinstance(level, str) else level
    if isinstance(number, int) and 0 < number < logging.getLogger().level:
        logging.getLogger().setLevel(number)


def write_to(path: str) -> None:
    """Write to a file instead of standard error, in the same format; it may be rotated."""
    root = logging.getLogger()
    for handler in [found for found in root.handlers if type(found) is LineHandler]:
        in_file = WatchedFileHandler(path, encoding="utf-8", errors="backslashreplace")
        in_file.setFormatter(handler.formatter)
        root.removeHandler(handler)
        root.addHandler(in_file)
