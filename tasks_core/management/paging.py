"""Lists in pages by key: the next page begins after the last id, however deep it lies."""

from argparse import ArgumentParser

from django.core.management.base import BaseCommand

from tasks_core.management.arguments.numbers import identifier, row_limit


def add_paging_arguments(parser: ArgumentParser) -> None:
    """Add ``--limit`` and ``--after``."""
    parser.add_argument(
        "--limit", type=row_limit, default=50, metavar="N", help="Most rows to list. Default: 50."
    )
    parser.add_argument(
        "--after",
        type=identifier,
        metavar="ID",
        help="Go on after this id, the last one of the page before.",
    )


def hint_at_more(command: BaseCommand, next_after: int | None) -> None:
    """Say how to go on, where a person is reading and there is more."""
    if next_after is not None and command.stdout.isatty():
        command.stdout.write(f"There are more: --after {next_after}")
