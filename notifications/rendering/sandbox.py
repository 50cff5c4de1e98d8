"""The Jinja environments: one for plain text, one for HTML, one for JSON."""

import json
from collections.abc import Mapping
from typing import Any

from jinja2 import StrictUndefined, TemplateRuntimeError, Undefined, UndefinedError
from jinja2.runtime import Context, LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment

from notifications.rendering.filters import FILTERS, RESULT_LIMIT, TESTS

_LOOP_NAMES = frozenset({"index", "index0", "revindex", "first", "last", "length"})


class MissingVariable(UndefinedError):
    """A template used a variable that was not given. The message is the variable's name."""


class NamedUndefined(StrictUndefined):
    """An undefined variable that raises its own name, whatever is done with it."""

    def __init__(self, hint: str | None = None, obj: Any = None, name: str | None = None) -> None:
        super().__init__(hint, name=name, exc=MissingVariable)

    @property
    def _undefined_message(self) -> str:
        return self._undefined_name or ""


class MessageEnvironment(ImmutableSandboxedEnvironment):
    """A sandbox in which a dot or a bracket looks into plain data and nowhere else."""

    intercepted_binops = frozenset({"+", "-"})

    def __init__(self, *, escape: bool, as_json: bool = False) -> None:
        super().__init__(
            autoescape=escape,
            undefined=NamedUndefined,
            finalize=_write_json if as_json else _write,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=False,
            cache_size=0,
        )
        self.globals = {}
        self.filters = dict(FILTERS)
        self.tests = dict(TESTS)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Read ``obj.attribute`` in a template: the same as ``obj['attribute']``."""
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Look a key or a position up in plain data."""
        if isinstance(obj, Undefined):
            str(obj)
        if isinstance(obj, LoopContext) and argument in _LOOP_NAMES:
            return getattr(obj, argument)
        try:
            if isinstance(obj, Mapping) or (isinstance(obj, list) and isinstance(argument, int)):
                return obj[argument]
        except LookupError:
            pass
        return self.undefined(name=str(argument))

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Add or subtract numbers, or join two texts that are not too long."""
        if _are_numbers(left, right) or (operator == "+" and _are_short_texts(left, right)):
            return super().call_binop(context, operator, left, right)
        str(left), str(right)  # an undefined variable raises its own error here
        raise TemplateRuntimeError(f"'{operator}' needs two numbers, or two texts to join")


def _are_numbers(left: Any, right: Any) -> bool:
    return isinstance(left, int | float) and isinstance(right, int | float)


def _are_short_texts(left: Any, right: Any) -> bool:
    return (
        isinstance(left, str) and isinstance(right, str) and len(left) + len(right) <= RESULT_LIMIT
    )


def _write(value: Any) -> Any:
    """Let text, numbers and booleans into a message; "None" or a printed list is a mistake."""
    if isinstance(value, str | int | float | Undefined):
        return value
    if value is None:
        raise TemplateRuntimeError("a variable is null; use |default('...', true) or an if")
    raise TemplateRuntimeError("a list or an object cannot be written; name one of its items")


def _write_json(value: Any) -> str:
    if isinstance(value, Undefined):
        return str(value)
    return json.dumps(value, ensure_ascii=False)


TEXT = MessageEnvironment(escape=False)
HTML = MessageEnvironment(escape=True)
JSON = MessageEnvironment(escape=False, as_json=True)
