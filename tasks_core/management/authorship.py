"""Who asks for what a command does, and why, as rows keep it."""

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from tasks_core.management.shell_user import shell_user

MOST = 200
"""Characters that rows keep of a reason."""
LONGEST_NAME = 100
"""Characters of a name that are kept, so that there is room for the reason."""


def add_author_argument(parser: ArgumentParser) -> None:
    """Add ``--author``."""
    parser.add_argument(
        "--author",
        default=None,
        metavar="NAME",
        help="Who asks for it. Default: the user of the shell.",
    )


def author_of(options: Mapping[str, Any]) -> str:
    """Return who asks for it, or nothing if nobody can tell."""
    given: str | None = options["author"]
    return (shell_user() if given is None else given)[:LONGEST_NAME]


def signed(reason: str, options: Mapping[str, Any]) -> str:
    """Return why, and who says so by command: ``mended (ann, by command)``.

    A long reason is cut, so that who it was is kept.
    """
    author = author_of(options)
    who = f"{author}, by command" if author else "by command"
    return f"{reason[: MOST - len(who) - 3]} ({who})" if reason else who
