"""The base of all the platform's commands: a refusal is one line, never a traceback."""

import os
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import InterfaceError, OperationalError, ProgrammingError
from psycopg.errors import UndefinedColumn, UndefinedTable

from tasks_core.arguments import check_storable
from tasks_core.engine.json_text import storable
from tasks_core.exceptions import TasksCoreError

INTERRUPTED = 130
READER_GONE = 141
LONGEST = 2_000
"""Characters of what a command says of a mistake."""


class PlatformCommand(BaseCommand):
    """Turns what the platform refuses, and a database out of reach, into a ``CommandError``."""

    refusals: tuple[type[Exception], ...] = (TasksCoreError,)
    """Errors whose message is written for the person who typed the command."""

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Let it quote no more of a word than people read."""
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        error = parser.error
        parser.error = lambda message: error(_short(message))  # type: ignore[method-assign]
        return parser

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Run the command."""
        try:
            for name, value in options.items():
                check_storable(_refusal, name.replace("_", "-"), value)
            answer = super().execute(*args, **options)
            self.stdout.flush()
        except self.refusals as error:
            raise CommandError(_short(str(error))) from error
        except CommandError as error:
            error.args = (_short(str(error)),)
            raise
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


def _refusal(name: str, problem: str) -> CommandError:
    return CommandError(f"{name}: {problem}")


def _short(message: str) -> str:
    return storable(message, limit=LONGEST)


def _line(error: Exception) -> str:
    return str(error).partition("\n")[0]
