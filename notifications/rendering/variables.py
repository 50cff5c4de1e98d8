"""The variables of a template: their JSON Schema, and values that must be plain JSON."""

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError
from referencing import Registry

from notifications.exceptions import InvalidNotification, InvalidTemplate

Schema = dict[str, Any]


def schema_for(names: Iterable[str]) -> Schema:
    """Return the schema of a template that came without one: every name it uses is required."""
    listed = sorted(names)
    return {"type": "object", "properties": {name: {} for name in listed}, "required": listed}


def check_schema(schema: Schema, names: Iterable[str]) -> None:
    """Refuse a schema that is not one, that points elsewhere, or that misses a used variable.

    Raises:
        InvalidTemplate: says where the schema is wrong.
    """
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        raise InvalidTemplate("schema", f"{error.json_path}: {error.message}") from None
    if schema.get("type") != "object":
        raise InvalidTemplate("schema", 'must have "type": "object"')
    if any(not reference.startswith("#") for reference in _references(schema)):
        raise InvalidTemplate("schema", 'a "$ref" must begin with #; nothing is loaded')
    declared = schema.get("properties", {})
    missing = sorted(name for name in names if name not in declared)
    if missing:
        raise InvalidTemplate(
            "schema", f"the template uses {', '.join(missing)}, which 'properties' does not name"
        )


def check_variables(
    schema: Schema, context: Mapping[str, Any], secret_context: Mapping[str, Any]
) -> None:
    """Check the variables of one notification against the schema.

    Raises:
        InvalidNotification: names the variable and the rule, or all variables that are missing; never
            quotes a value.
    """
    both = set(context) & set(secret_context)
    if both:
        raise InvalidNotification(
            "secret_context", f"{', '.join(sorted(both))} is also in context; give it once"
        )
    validator = Draft202012Validator(schema, registry=Registry())
    errors = list(validator.iter_errors({**context, **secret_context}))
    if errors:
        raise _missing(errors) or _explained(errors[0], secret_context)


def plain_json(field: str, value: object, limit: int) -> dict[str, Any]:
    """Check that a mapping is plain JSON that PostgreSQL can store, and give a copy of it.

    Raises:
        InvalidNotification: names the item that is not, or the size.
    """
    if not isinstance(value, Mapping):
        raise InvalidNotification(field, f"is a {type(value).__name__}; give a dict of variables")
    _check_plain(field, value, depth=0)
    encoded = json.dumps(value, ensure_ascii=False, allow_nan=False)
    size = len(encoded.encode())
    if size > limit:
        raise InvalidNotification(field, f"takes {size} bytes as JSON; the limit is {limit}")
    copy: dict[str, Any] = json.loads(encoded)
    return copy


def _check_plain(path: str, value: object, depth: int) -> None:
    if depth > 20:
        raise InvalidNotification(path, "is nested more than 20 deep")
    if isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                raise InvalidNotification(path, "has a key that is not text")
            _check_text(path, key)
            _check_plain(f"{path}.{key}", item, depth + 1)
    elif isinstance(value, list | tuple):
        for position, item in enumerate(value):
            _check_plain(f"{path}[{position}]", item, depth + 1)
    elif isinstance(value, str):
        _check_text(path, value)
    elif isinstance(value, float) and not math.isfinite(value):
        raise InvalidNotification(path, "is not a finite number")
    elif value is not None and not isinstance(value, bool | int | float):
        raise InvalidNotification(
            path, f"is a {type(value).__name__}; give text, a number, a boolean, a list or a dict"
        )


def _check_text(path: str, text: str) -> None:
    if "\x00" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise InvalidNotification(path, "contains U+0000 or half of a surrogate pair")


def _missing(errors: Iterable[ValidationError]) -> InvalidNotification | None:
    """Return one refusal that names all that is missing: who sends should not learn it piece by piece."""
    found: dict[str, None] = {}
    for error in errors:
        if error.validator == "required":
            given: Any = error.instance
            names = [name for name in _names(error.validator_value) if name not in given]
            found |= dict.fromkeys(
                _place("context", [*error.absolute_path, name]) for name in names
            )
    if not found:
        return None
    verb = "is" if len(found) == 1 else "are"
    return InvalidNotification(
        ", ".join(found), f"{verb} required by the template and {verb} not given"
    )


def _explained(error: ValidationError, secret_context: Mapping[str, Any]) -> InvalidNotification:
    path = list(error.absolute_path)
    root = "secret_context" if path and path[0] in secret_context else "context"
    return InvalidNotification(
        _place(root, path), _rule(str(error.validator), error.validator_value)
    )


def _place(root: str, path: Iterable[object]) -> str:
    return ".".join([root, *map(str, path)])


def _rule(keyword: str, expected: object) -> str:
    if keyword == "type":
        kinds = [expected] if isinstance(expected, str) else list(expected)  # type: ignore[call-overload]
        return f"must be of type {' or '.join(kinds)}"
    return f"breaks the template's rule {keyword}: {json.dumps(expected, ensure_ascii=False)[:200]}"


def _names(value: object) -> list[str]:
    return [str(name) for name in value] if isinstance(value, list) else [str(value)]


def _references(schema: object) -> list[str]:
    if isinstance(schema, dict):
        own = [str(schema[key]) for key in ("$ref", "$dynamicRef") if key in schema]
        return own + [found for item in schema.values() for found in _references(item)]
    if isinstance(schema, list):
        return [found for item in schema for found in _references(item)]
    return []
