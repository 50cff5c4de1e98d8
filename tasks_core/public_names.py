"""Packages whose public names are imported when they are used: asking for one imports no other."""

import ast
import sys
from collections.abc import Callable
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any


def imported_on_use(package: str, listing: str) -> Callable[[str], Any]:
    """Return the ``__getattr__`` of a package.

    Whoever asks for what is not public, as Celery and test runners do, imports nothing.

    Args:
        package: its ``__name__``.
        listing: path of the file that imports the public names; it is read and not run. Where names are
            imported for type checkers only, it is those.
    """

    @cache
    def places() -> dict[str, str]:
        tree = ast.parse(Path(listing).read_text(encoding="utf-8"))
        guarded = [node for node in tree.body if isinstance(node, ast.If)]
        body = [inner for node in guarded for inner in node.body] or tree.body
        root = package.partition(".")[0]
        return {
            alias.name: node.module
            for node in body
            if isinstance(node, ast.ImportFrom)
            and node.module is not None
            and node.module.startswith(f"{root}.")
            for alias in node.names
        }

    def public(name: str) -> Any:
        if name == "__all__":
            return sorted(places())
        place = places().get(name)
        if place is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return vars(sys.modules[package]).setdefault(name, getattr(import_module(place), name))

    return public
