"""What structured objects consist of."""

import dataclasses
from collections.abc import Iterable, Mapping, Set
from itertools import islice

MOST_ITEMS = 100
"""Of a container with more, the first ones are shown."""

Pairs = list[tuple[object, object]]


def named_parts(value: object) -> Pairs | None:
    """Return names and values of a mapping, a dataclass, a named tuple, a model of pydantic or attrs.

    None for anything else.
    """
    if isinstance(value, Mapping):
        return list(islice(value.items(), MOST_ITEMS))
    return None if isinstance(value, type) else _of_record(value)


def _of_record(value: object) -> Pairs | None:
    if dataclasses.is_dataclass(value):
        return _attributes(value, [field.name for field in dataclasses.fields(value)])
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return list(zip(value._fields, value, strict=False))
    if hasattr(type(value), "model_fields"):
        return list(islice(vars(value).items(), MOST_ITEMS))
    if (fields := getattr(type(value), "__attrs_attrs__", None)) is not None:
        return _attributes(value, [field.name for field in fields])
    return None


def plain_parts(value: object) -> list[object] | None:
    """Return the items of a list, a tuple or a set; None for anything else."""
    if isinstance(value, list | tuple | Set) or type(value).__name__ == "deque":
        items: Iterable[object] = value  # type: ignore[assignment] # each of them is one
        return list(islice(items, MOST_ITEMS))
    return None


def _attributes(value: object, names: list[str]) -> Pairs:
    return [(name, getattr(value, name, None)) for name in names[:MOST_ITEMS]]
