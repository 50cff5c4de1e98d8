"""A priority by name or number."""

from argparse import ArgumentTypeError

from tasks_core.priority import Priority

NAMES = {priority.name.lower(): priority for priority in Priority}


def priority(text: str) -> Priority:
    """Return the priority called ``text``; numbers from 0 (critical) to 3 (low) will do too.

    Raises:
        ArgumentTypeError: there is none; lists those that there are.
    """
    known = {**NAMES, **{str(int(value)): value for value in Priority}}
    try:
        return known[text.strip().lower()]
    except KeyError:
        raise ArgumentTypeError(f"{text!r} is none of {', '.join(NAMES)}") from None
