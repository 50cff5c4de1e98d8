"""Environment variables that a trigger may use: only those whose names begin as the setting says."""

import os
import re

from notifications import conf
from notifications.exceptions import InvalidTrigger

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class NotSet(Exception):
    """A variable is not set, or may not be used; the text names it, and never has a value."""


class NotBound(NotSet):
    """A variable is bound to other hosts than the one that it would be sent to."""


def check_name(field: str, name: object) -> str:
    """Return the name if triggers may use it.

    Raises:
        InvalidTrigger: it is no name, or ``TRIGGER_ENV_PREFIX`` does not allow it.
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InvalidTrigger(field, "is no name of an environment variable")
    if problem := _problem(name):
        raise InvalidTrigger(field, problem)
    return name


def value_of(name: str) -> str:
    """Return the value of a variable.

    Raises:
        NotSet: it is not set, or may not be used (any more).
    """
    if problem := _problem(name):
        raise NotSet(problem)
    value = os.environ.get(name)
    if value is None:
        raise NotSet(f"the environment variable {name} is not set for the worker")
    return value


def _problem(name: str) -> str:
    """Return why a variable may not be used; otherwise anyone who edits a trigger could read our keys."""
    prefix = conf.current().trigger_env_prefix
    if not prefix:
        return f"{name} may not be used: BELLRINGER['TRIGGER_ENV_PREFIX'] is empty"
    if not name.startswith(prefix):
        return f"{name} may not be used; names of variables for triggers begin with {prefix}"
    return ""
