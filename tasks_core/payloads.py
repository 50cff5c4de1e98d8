"""Payloads: checked against the schema of their task type, stored as JSON, secrets sealed."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from pydantic import BaseModel, Secret, SecretBytes, SecretStr, TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError, to_json, to_jsonable_python

from tasks_core.encryption import seal, unseal
from tasks_core.engine.json_text import (
    UnreadableJson,
    UnreadText,
    byte_size,
    check_depth,
    json_text,
    read_json,
)
from tasks_core.exceptions import InvalidPayload, PayloadTooLarge

SEALED = "$sealed"
_MARK = f'"{SEALED}"'  # a string inside the JSON cannot look like this: its quotes would be escaped
_MARK_IN_BYTES = _MARK.encode()

MASK = "••••••"
"""What people see in place of a secret."""

ENTER_VALUE = "its field holds no secret; enter a value"


class KeptSecret(SecretStr):
    """A secret of a stored payload that an edit leaves as it is.

    Its token goes from the old payload to the new one. Only a field that holds secrets takes it, and nothing
    opens it unless a validator of the schema asks what it is.
    """

    def __init__(self, token: str) -> None:
        super().__init__("")
        self.token = token

    def get_secret_value(self) -> str:
        """Open it.

        Raises:
            ImproperlyConfigured: none of ``ENCRYPTION_KEYS`` does.
        """
        return unseal(self.token)

    def __len__(self) -> int:
        return len(self.get_secret_value())

    def _display(self) -> str:
        return MASK


class PayloadSchema:
    """The form of one task type's payload.

    ``annotation`` is the handler's own: a pydantic model, a dataclass, a TypedDict, or anything else that
    pydantic understands. Fields of type ``SecretStr`` are encrypted at rest.
    """

    def __init__(self, annotation: Any) -> None:
        self.annotation = annotation
        self._adapter: TypeAdapter[Any] = TypeAdapter(annotation)
        self._is_plain = annotation in (dict[str, Any], dict, Any)

    def store(self, payload: Any, *, max_bytes: int) -> str:
        """Check ``payload`` and return the JSON to store.

        Raises:
            InvalidPayload: names each field that is wrong, and never its value.
            PayloadTooLarge: longer than ``max_bytes``.
        """
        sealing = _Sealing()
        try:
            value = self._adapter.validate_python(payload)
            plain = value if self._is_plain else self._adapter.dump_python(value, round_trip=True)
            text = sealing.json_text(plain)
        except ValidationError as error:
            raise InvalidPayload(_explain(error)) from None
        except PydanticSerializationError as error:
            raise InvalidPayload(f"payload cannot be stored as JSON: {error}") from None
        except (TypeError, ValueError) as error:
            raise InvalidPayload(f"payload: {error}") from None
        except RecursionError:
            raise InvalidPayload("payload is nested too deeply, or refers to itself") from None
        if Counter(_kept(payload)) != Counter(sealing.kept):
            raise InvalidPayload(f"payload: one of its secrets was left masked and {ENTER_VALUE}")
        size = byte_size(text)
        if size > max_bytes:
            raise PayloadTooLarge(
                f"payload has {size:,} bytes, more than the {max_bytes:,} allowed; "
                "store the data elsewhere and pass its key"
            )
        return text

    def load(self, stored: Any) -> Any:
        """Return the payload for the handler, secrets opened.

        Raises:
            InvalidPayload: it no longer fits the schema, which has changed since it was stored.
        """
        if isinstance(stored, UnreadText):
            raise InvalidPayload(stored)
        if self._is_plain:
            return opened(stored)
        try:
            text = to_json(stored)
            if _MARK_IN_BYTES in text:
                text = to_json(opened(stored))
        # Nested deeper than any door takes it: somebody has written it past them.
        except PydanticSerializationError as error:
            raise InvalidPayload(f"payload: {error}") from None
        try:
            return self._adapter.validate_json(text)
        except ValidationError as error:
            raise InvalidPayload(_explain(error)) from None

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON Schema, for documentation."""
        return self._adapter.json_schema()


def secrets_of(stored: Any) -> list[str]:
    """Return the opened secrets of a stored payload, for scrubbing texts.

    A secret that no key opens is left out: nobody can have read it either.
    """
    secrets = []
    for token in _tokens(stored):
        with suppress(ImproperlyConfigured):
            secrets.append(unseal(token))
    return secrets


def opened(stored: Any) -> Any:
    """Return the payload as plain JSON with its secrets open, for scrubbing texts.

    Raises:
        ImproperlyConfigured: none of ``ENCRYPTION_KEYS`` opens one of them.
    """
    return _mapped(stored, unseal)


def masked(stored: Any) -> Any:
    """Return the payload as people may see it."""
    return _mapped(stored, lambda _token: MASK)


def parse(text: str) -> Any:
    """Read JSON typed by a person.

    Raises:
        InvalidPayload: not JSON; the message says where.
    """
    try:
        return read_json(text)
    except UnreadableJson as error:
        raise InvalidPayload(f"payload is not JSON: {error}") from None


class _Sealing:
    """Writes one payload as JSON and seals its secrets on the way."""

    def __init__(self) -> None:
        self._seals = 0
        self.kept: list[str] = []

    def json_text(self, plain: Any) -> str:
        text = json_text(plain, default=self._jsonable)
        if text.count(_MARK) != self._seals:
            raise ValueError(f"{SEALED!r} is reserved and must not occur in it")
        check_depth(text)
        return text

    def _jsonable(self, value: Any) -> Any:
        if isinstance(value, KeptSecret):
            self._seals += 1
            self.kept.append(value.token)
            return {SEALED: value.token}
        if isinstance(value, SecretStr):
            self._seals += 1
            return {SEALED: seal(value.get_secret_value())}
        if isinstance(value, SecretBytes | Secret):
            raise ValueError(f"{type(value).__name__} cannot be stored; use SecretStr")
        if isinstance(value, BaseModel):
            return value.model_dump(round_trip=True)  # keeps its secrets for us to seal
        if isinstance(value, set | frozenset | tuple):
            return list(value)
        return to_jsonable_python(value)


def _mapped(value: Any, convert: Callable[[str], Any]) -> Any:
    if isinstance(value, dict):
        if SEALED in value:
            return convert(value[SEALED])
        return {
            key: _mapped(item, convert) if isinstance(item, _NESTED) else item
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_mapped(item, convert) for item in value]
    return value


_NESTED = (dict, list)


def _tokens(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if SEALED in value:
            yield value[SEALED]
            return
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _tokens(item)


def _kept(value: Any) -> Iterator[str]:
    """Yield the tokens of the secrets that an edited payload keeps."""
    if isinstance(value, KeptSecret):
        yield value.token
    elif isinstance(value, dict):
        for item in value.values():
            yield from _kept(item)
    elif isinstance(value, list):
        for item in value:
            yield from _kept(item)


def _explain(error: ValidationError) -> str:
    parts = []
    for detail in error.errors(include_url=False, include_context=False):
        path = ".".join(("payload", *map(str, detail["loc"])))
        is_kept = isinstance(detail["input"], KeptSecret)
        parts.append(f"{path}: {f'is masked, and {ENTER_VALUE}' if is_kept else detail['msg']}")
    return "; ".join(parts)
