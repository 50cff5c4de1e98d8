"""Which tasks a command is about."""

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import tasks_core
from tasks_core.client.find import Page
from tasks_core.engine.states import State
from tasks_core.management.known_names import check_queues, check_types
from tasks_core.models import Task

STATES = ", ".join(state.lower() for state in State)


def add_task_filters(parser: ArgumentParser) -> None:
    """Add the options that choose among tasks; a task must fit all that are given."""
    parser.add_argument(
        "--state",
        type=_state,
        action="append",
        default=[],
        metavar="STATE",
        help=f"In this state; can be repeated: {STATES}.",
    )
    parser.add_argument(
        "--type", action="append", default=[], metavar="NAME", help="Of this type; can be repeated."
    )
    parser.add_argument(
        "--queue",
        action="append",
        default=[],
        metavar="NAME",
        help="In this queue; can be repeated.",
    )
    parser.add_argument(
        "--tag", action="append", default=[], metavar="TAG", help="With this tag; can be repeated."
    )
    parser.add_argument("--correlation-id", metavar="ID", help="With this correlation id.")
    parser.add_argument(
        "--due",
        action="store_true",
        help="Not begun although the time to run has come, also if handed to the broker.",
    )


def find_tasks(options: Mapping[str, Any]) -> Page:
    """Return one page of the tasks that fit ``options``.

    Raises:
        UnknownTaskType: no task has, or could have, a type of that name.
        CommandError: nor a queue of that name.
    """
    check_types(options["type"], Task.objects.all())
    check_queues(options["queue"], Task.objects.all())
    return tasks_core.find(
        states=options["state"],
        task_types=options["type"],
        queue_names=options["queue"],
        tags=options["tag"],
        correlation_id=options["correlation_id"],
        overdue_by=timedelta(0) if options["due"] else None,
        after=options["after"],
        limit=options["limit"],
    )


def _state(text: str) -> str:
    try:
        return State(text.upper()).value
    except ValueError:
        raise ArgumentTypeError(f"{text!r} is none of {STATES}") from None
