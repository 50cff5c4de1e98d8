"""One task for one piece of work: keys, how long they hold, and what happens to the second caller."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

from tasks_core.client.options import span
from tasks_core.exceptions import InvalidOption

Until = Literal["started", "finished", "forever"]
OnConflict = Literal["return", "replace", "debounce", "reject"]

MAX_KEY = 255


@dataclass(frozen=True, kw_only=True)
class Unique:
    """At most one task of a type with the same key.

    Attributes:
        key: what must be unique; if None, the payload is, or those of its ``fields``.
        fields: names of payload fields that make the key, instead of the whole payload.
        until: the key is free again once its task has ``started`` or ``finished``, or never, as long as
            the task is kept (``forever``).
        window: seconds; the key holds within one window only. Windows lie end to end from the epoch, so
            two tasks of neighbouring windows may be closer together than that.
        on_conflict: ``return`` the task that has the key; ``replace`` its payload, or ``debounce`` it:
            put off its time, and its expiry, to the new one's (both while it has not started, and return
            it; what an earlier attempt has noted as progress or checkpoint is dropped with the payload); or
            ``reject`` with ``DuplicateTask``.
        max_wait: a timedelta or seconds from the first call, after which ``debounce`` no longer puts the
            task off; None for no limit.

    Raises:
        InvalidOption: an attribute is out of range or contradicts another.
    """

    key: str | None = None
    fields: Sequence[str] = ()
    until: Until = "finished"
    window: float | None = None
    on_conflict: OnConflict = "return"
    max_wait: timedelta | float | None = None

    def __post_init__(self) -> None:
        if self.key is not None and self.fields:
            raise InvalidOption("unique: give key or fields, not both")
        if self.key == "":
            raise InvalidOption("unique: key must not be empty")
        for name, allowed in (("until", get_args(Until)), ("on_conflict", get_args(OnConflict))):
            if getattr(self, name) not in allowed:
                raise InvalidOption(
                    f"unique: {name} must be one of {', '.join(allowed)}, not {getattr(self, name)!r}"
                )
        if self.window is not None and self.window <= 0:
            raise InvalidOption(f"unique: window must be positive seconds, not {self.window}")
        if self.max_wait is not None and self.on_conflict != "debounce":
            raise InvalidOption("unique: max_wait goes with on_conflict='debounce' only")
        if self.longest_wait == timedelta(0):
            raise InvalidOption("unique: max_wait must be longer than 0 s")

    @property
    def longest_wait(self) -> timedelta | None:
        """``max_wait`` as a length of time."""
        return None if self.max_wait is None else span("unique: max_wait", self.max_wait)

    def key_of(self, task_type: str, stored_payload: str, *, now: datetime) -> str:
        """Return the value of the unique index for a task."""
        parts = [task_type, self._identity(stored_payload)]
        if self.window is not None:
            parts.append(str(int(now.timestamp() // self.window)))
        return f"{task_type}#{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()}"

    @property
    def stored_until(self) -> str | None:
        """What the column ``unique_until`` holds."""
        return None if self.until == "forever" else self.until

    def _identity(self, stored_payload: str) -> str:
        if self.key is not None:
            return f"key:{self.key}"
        payload: Any = json.loads(stored_payload)
        if self.fields:
            payload = {name: _field(payload, name) for name in self.fields}
        elif '"$sealed"' in stored_payload:  # sealed differently each time, so never equal
            raise InvalidOption(
                "unique: the payload holds a secret and cannot be the key; give key or fields"
            )
        return f"payload:{json.dumps(payload, sort_keys=True)}"


def _field(payload: Any, name: str) -> Any:
    if not isinstance(payload, dict) or name not in payload:
        raise InvalidOption(f"unique: the payload has no field {name!r}")
    if isinstance(payload[name], dict) and "$sealed" in payload[name]:
        raise InvalidOption(f"unique: the field {name!r} is a secret and cannot be part of a key")
    return payload[name]
