"""The reference of the settings, from the declarations that validate them."""

import ast
import inspect
from collections.abc import Iterator, Mapping
from dataclasses import fields
from itertools import pairwise
from typing import Any

from pydantic import SecretStr
from pydantic_core import PydanticUndefined

from notifications.conf import NotificationSettings
from scheduler_project.configuration.application_settings import PREFIX
from scheduler_project.configuration.model import SECRETS, Configuration
from tasks_core.conf import TaskSettings

SET_ELSEWHERE = frozenset({"ENCRYPTION_KEYS", "HEALTH_TOKEN", "METRICS_TOKEN"})
"""Entries that the configuration fills from a variable of another name."""

Row = tuple[str, str, str]


def settings_reference() -> str:
    """Return the tables of all variables."""
    parts = (
        ("Installation", _installation()),
        ("Tasks", _entries(TaskSettings)),
        ("Notifications", _entries(NotificationSettings)),
    )
    return "\n\n".join(f"## {title}\n\n{_table(list(rows))}" for title, rows in parts)


def _table(rows: list[Row]) -> str:
    lines = [f"| {name} | {default} | {meaning} |" for name, default, meaning in rows]
    return "\n".join(["| variable | default | meaning |", "|---|---|---|", *lines])


def _installation() -> Iterator[Row]:
    meanings = _attribute_docstrings(Configuration)
    for name, field in Configuration.model_fields.items():
        variable = str(field.validation_alias)
        mark = " *" if variable in SECRETS else ""
        is_required = field.default is PydanticUndefined
        default = "required" if is_required else _written(field.default)
        yield f"`{variable}`{mark}", default, meanings[name]


def _entries(declaration: type[TaskSettings] | type[NotificationSettings]) -> Iterator[Row]:
    meanings = _attribute_docstrings(declaration)
    for field in fields(declaration):
        name = field.name.upper()
        if name not in SET_ELSEWHERE:
            yield f"`{PREFIX}{name}`", _written(field.default), meanings[field.name]


def _written(default: Any) -> str:
    if default in (None, "", (), []):
        return ""
    if isinstance(default, SecretStr):
        return f"`{default.get_secret_value()}`"
    if isinstance(default, bool):
        return f"`{str(default).lower()}`"
    if isinstance(default, tuple | list):
        return f"`{','.join(map(str, default))}`"
    return f"`{default:g}`" if isinstance(default, float) else f"`{default}`"


def _attribute_docstrings(declaration: type) -> Mapping[str, str]:
    """Return the text below each attribute of a class."""
    [body] = [
        n.body
        for n in ast.parse(inspect.getsource(declaration)).body
        if isinstance(n, ast.ClassDef)
    ]
    return {
        before.target.id: _line(after.value.value)
        for before, after in pairwise(body)
        if isinstance(before, ast.AnnAssign)
        and isinstance(before.target, ast.Name)
        and isinstance(after, ast.Expr)
        and isinstance(after.value, ast.Constant)
        and isinstance(after.value.value, str)
    }


def _line(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
