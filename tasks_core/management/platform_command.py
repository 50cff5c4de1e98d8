"""The base of all the platform's commands: a refusal is one line, never a traceback."""

from __future__ import annotations

import os
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import InterfaceError, OperationalError, ProgrammingError
from psycopg.errors import UndefinedColumn, UndefinedTable

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
        except (OperationalError, InterfaceError) as error:
            advice = "`python manage.py check_platform` tells more"
            raise CommandError(f"the database does not answer: {_line(error)}; {advice}") from error
        except ProgrammingError as error:
            if not isinstance(error.__cause__, UndefinedTable | UndefinedColumn):
                raise
            advice = "run `python manage.py migrate`"
            raise CommandError(
                f"the tables are not as they should be: {_line(error)}; {advice}"
            ) from error
        except KeyboardInterrupt:
            raise CommandError("interrupted", returncode=INTERRUPTED) from None
        except BrokenPipeError:  # the reader has seen enough: `| head`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            sys.exit(READER_GONE)
        return answer


def _line(error: Exception) -> str:
    return str(error).partition("\n")[0]
