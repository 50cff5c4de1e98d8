"""What workers tell about themselves: `celery inspect`, `celery report` and Flower show no password."""

from typing import Any

from celery import Celery, signals
from celery.app.defaults import DEFAULTS
from celery.app.utils import Settings

from tasks_core.engine.redaction import MASK
from tasks_core.logs import redacted_value
from tasks_core.logs.redaction import is_secret_field

PREFIX = "CELERY_"


class ShownSettings(Settings):
    """Celery's settings, which show what is Celery's own, without secrets.

    Celery masks some by their names alone, and takes all of Django's settings for its own.
    """

    def table(self, with_defaults: bool = False, censored: bool = True) -> dict[str, Any]:
        """Return the settings by name, for people."""
        table: dict[str, Any] = super().table(with_defaults=with_defaults, censored=censored)
        own = {name: value for name, value in table.items() if _is_celerys(name)}
        return {name: _shown(name, value) for name, value in own.items()} if censored else own


def connect(app: Celery) -> None:
    """Let ``app`` and its workers tell no secrets."""
    # They stay the same object when they are read. Celery has no place to say of which class they are, and
    # takes what is set plainly for a setting.
    object.__setattr__(app.conf, "__class__", ShownSettings)
    # In the worker alone: nobody else needs what it imports.
    signals.worker_init.connect(_replace_stats, weak=False, dispatch_uid=__name__)


def _is_celerys(name: str) -> bool:
    return name.upper().startswith(PREFIX) or name.lower() in DEFAULTS


def _shown(name: str, value: Any) -> Any:
    says_something = value not in (None, "", [], {}) and not isinstance(value, bool)
    return MASK if says_something and is_secret_field(name) else redacted_value(value)


def _replace_stats(**_: Any) -> None:
    from celery.worker.control import inspect_command

    @inspect_command()  # type: ignore[untyped-decorator]
    def stats(state: Any, **_: Any) -> dict[str, Any]:
        """Request worker statistics/information."""
        told: dict[str, Any] = state.consumer.controller.stats()
        # The options of the connection may hold the password of a Sentinel.
        told["broker"] = redacted_value(told.get("broker"))
        return told
