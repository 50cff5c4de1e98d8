"""The docstrings of what other apps call: their examples, and the calls they name."""

import ast
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import notifications.api
import notifications.triggers
import tasks_core
import tasks_core.events
import tasks_core.testing

MODULES: tuple[ModuleType, ...] = (
    tasks_core,
    tasks_core.events,
    tasks_core.testing,
    notifications.api,
    notifications.triggers,
)

_EXPRESSION = re.compile(r"``([A-Za-z_][\w.]*\([^`]*)``")


@dataclass(frozen=True)
class Documented:
    """A public name with its docstring, and where it is defined."""

    name: str
    text: str
    names: dict[str, Any]


def documented() -> Iterator[Documented]:
    """Return the modules that are public, and everything in them that has a docstring of its own."""
    for module in MODULES:
        yield Documented(module.__name__, inspect.getdoc(module) or "", vars(module))
        for name in _names_of(module):
            thing = getattr(module, name)
            if not (inspect.isclass(thing) or inspect.isroutine(thing)):
                continue
            home = vars(inspect.getmodule(thing) or module)
            yield Documented(f"{module.__name__}.{name}", inspect.getdoc(thing) or "", home)
            for method, function in inspect.getmembers(thing, inspect.isfunction):
                if inspect.isclass(thing) and not method.startswith("_"):
                    text = inspect.getdoc(function) or ""
                    yield Documented(f"{module.__name__}.{name}.{method}", text, home)


def public_names() -> dict[str, Any]:
    """Return everything that other apps can call, by name."""
    return {name: getattr(module, name) for module in MODULES for name in _names_of(module)}


def examples(text: str) -> Iterator[str]:
    """Return the indented blocks of a docstring that are Python with an import or a prompt."""
    for block in re.findall(r"(?:^[ ]{4,}\S.*\n?|^\s*\n)+", text, re.MULTILINE):
        source = inspect.cleandoc(block)
        if re.search(r"^(from \w[\w.]* )?import |^>>> ", source, re.MULTILINE):
            yield source


def calls(text: str) -> Iterator[ast.Call]:
    """Return the calls that a docstring names between double back ticks."""
    for found in _EXPRESSION.findall(text):
        try:
            parsed = ast.parse(re.sub(r"\((\.\.\.)\)", "(*_)", found), mode="eval")
        except SyntaxError:
            continue
        yield from (node for node in ast.walk(parsed) if isinstance(node, ast.Call))


def _names_of(module: ModuleType) -> list[str]:
    listed = getattr(module, "__all__", None)
    return sorted(listed if listed is not None else [n for n in vars(module) if n[0] != "_"])
