"""The base of all the platform's commands: a refusal is one line, never a traceback."""

from __future__ import annotations

import os
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import InterfaceError, OperationalError, ProgrammingError

from tasks_core.exceptions import TasksCoreError

INTERRUPTED = 130
READER_GONE = 141


class PlatformCommand(BaseCommand):
    """Turns what the platform refuses, and a database out of reach, into a ``CommandError``."""

    refusals: tuple[type[Exception], ...] = (TasksCoreError,)
    """Errors whose message is written for the person who typed the command."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Run the command."""
        try:
            answer = super().execute(*args, **options)
            self.stdout.flush()
        except self.refusals as error:
            raise CommandError(str(error)) from error
        except (OperationalError, InterfaceError, ProgrammingError) as error:
            raise CommandError(_about_the_database(error)) from error
        except KeyboardInterrupt:
            raise CommandError("interrupted", returncode=INTERRUPTED) from None
        except BrokenPipeError:  # the reader has seen enough: `| head`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(READER_GONE)
        return answer


def _about_the_database(error: Exception) -> str:
    first_line = str(error).partition("\n")[0]
    if isinstance(error, ProgrammingError):
        advice = "run `python manage.py migrate`"
    else:
        advice = "`python manage.py check_platform` tells more"
    return f"the database does not answer as it should: {first_line}; {advice}"
