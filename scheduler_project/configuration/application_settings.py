"""The settings of the applications: entries of `settings.BELLRINGER`, each from its own variable.

Entry OUTGOING_PORTS comes from the variable BELLRINGER_OUTGOING_PORTS; sequences are separated by
commas, mappings are JSON.
"""

import difflib
import typing
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from pydantic import ConfigDict, TypeAdapter, ValidationError

from scheduler_project.configuration.complaints import complaint

PREFIX = "BELLRINGER_"
Types = Mapping[str, Any]


def types_of_fields(declaration: type) -> dict[str, Any]:
    """Return the entries that a dataclass declares: field `outgoing_ports` is OUTGOING_PORTS."""
    return {name.upper(): kind for name, kind in typing.get_type_hints(declaration).items()}


def application_settings(types: Types, environment: Mapping[str, str]) -> dict[str, Any]:
    """Return the entries that `environment` sets, in their types.

    Raises ImproperlyConfigured with a line for each variable that holds something else.
    """
    found: dict[str, Any] = {}
    mistakes: list[str] = []
    for name, kind in types.items():
        if value := environment.get(PREFIX + name, "").strip():
            try:
                found[name] = _parsed(kind, value)
            except ValidationError as error:
                mistakes.append(complaint(PREFIX + name, error.errors(include_input=False)[0]))
    if mistakes:
        raise ImproperlyConfigured("\n".join(["The configuration cannot be used:", *mistakes]))
    return found


def unknown_variables(
    known: Collection[str], types: Types, environment: Iterable[str]
) -> dict[str, str | None]:
    """Return the BELLRINGER_ variables that nothing reads, each with the name probably meant."""
    names = {*known, *(PREFIX + name for name in types)}
    unknown = sorted(name for name in environment if name.startswith(PREFIX) and name not in names)
    return {name: _meant(name, names) for name in unknown}


def _meant(name: str, names: Collection[str]) -> str | None:
    # Without the prefix, which would make all names alike.
    known = [other.removeprefix(PREFIX) for other in names if other.startswith(PREFIX)]
    close = difflib.get_close_matches(name.removeprefix(PREFIX), known, 1)
    return PREFIX + close[0] if close else None


def _parsed(kind: Any, value: str) -> object:
    adapter: TypeAdapter[Any] = TypeAdapter(kind, config=ConfigDict(allow_inf_nan=False))
    if value.startswith("{"):
        return adapter.validate_json(value)
    origin = typing.get_origin(kind)
    if isinstance(origin, type) and issubclass(origin, Sequence):
        return adapter.validate_python([part.strip() for part in value.split(",") if part.strip()])
    return adapter.validate_python(value)
