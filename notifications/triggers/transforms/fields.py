"""What the fields of both transforms have in common: their form, and templates compiled once."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from notifications.exceptions import InvalidTemplate, InvalidTrigger
from notifications.rendering.compiled import CompiledPayload
from notifications.rendering.part import Part
from notifications.rendering.sandbox import TEXT

ENGINE = "Jinja"
VERSIONS = ("1", "2")


def check_object(where: str, given: Any, names: tuple[str, ...]) -> Mapping[str, Any]:
    """Check that ``given`` is an object with no other fields than ``names``; raises InvalidTrigger."""
    if not isinstance(given, Mapping):
        raise InvalidTrigger(where, f"must be an object with some of {', '.join(names)}")
    unknown = sorted(str(name) for name in given if name not in names)
    if unknown:
        raise InvalidTrigger(where, f"has no {', '.join(unknown)}; it has {', '.join(names)}")
    return given


def version_of(where: str, given: Mapping[str, Any]) -> str:
    """Return the version, ``"1"`` if none is given, and check the engine; raises InvalidTrigger."""
    engine = given.get("template_engine", ENGINE)
    if engine != ENGINE:
        raise InvalidTrigger(
            f"{where}.template_engine",
            f'must be "{ENGINE}": {{{{ body.payload.id }}}} instead of Kriti\'s {{{{$body.payload.id}}}}',
        )
    version = str(given.get("version", VERSIONS[0]))
    if version not in VERSIONS:
        raise InvalidTrigger(f"{where}.version", 'must be "1" or "2"')
    return version


def text_part(where: str, source: Any, allowed: frozenset[str]) -> Part:
    """Compile a template that gives a text; raises InvalidTrigger."""
    if not isinstance(source, str):
        raise InvalidTrigger(where, "must be a text, which is a template")
    try:
        part = _text_part(source)
    except InvalidTemplate as error:
        raise InvalidTrigger(where, _said(error)) from None
    _check_names(where, part.names, allowed)
    return part


def json_part(where: str, source: Any, allowed: frozenset[str]) -> CompiledPayload:
    """Compile a template that gives a JSON document; raises InvalidTrigger."""
    if not isinstance(source, str) or not source.strip():
        raise InvalidTrigger(where, 'must be a template of JSON, such as {"id": {{ body.id }} }')
    try:
        document = _json_part(source)
    except InvalidTemplate as error:
        raise InvalidTrigger(where, _said(error)) from None
    _check_names(where, document.names, allowed)
    return document


def text_parts(where: str, given: Any, allowed: frozenset[str]) -> tuple[tuple[str, Part], ...]:
    """Compile an object of templates; raises InvalidTrigger."""
    if not isinstance(given, Mapping):
        raise InvalidTrigger(where, "must be an object of templates")
    return tuple(
        (str(name), text_part(f"{where}.{name}", source, allowed)) for name, source in given.items()
    )


def _check_names(where: str, used: frozenset[str], allowed: frozenset[str]) -> None:
    unknown = sorted(used - allowed)
    if unknown:
        listed = ", ".join(sorted(allowed))
        raise InvalidTrigger(
            where, f"there is no variable {', '.join(unknown)}; there are {listed}"
        )


def _said(error: InvalidTemplate) -> str:
    return f"line {error.line}: {error.problem}" if error.line else error.problem


@lru_cache(maxsize=512)
def _text_part(source: str) -> Part:
    return Part("template", source, TEXT)


@lru_cache(maxsize=512)
def _json_part(source: str) -> CompiledPayload:
    return CompiledPayload(source)
