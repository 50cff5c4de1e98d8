"""Settings of triggers that would only show when a webhook is called."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.core import checks
from django.core.checks import CheckMessage
from django.core.exceptions import ImproperlyConfigured

from notifications import conf
from notifications.triggers.bindings import bindings


def bindings_can_be_read(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Refuse bindings of variables to hosts that nobody can read."""
    try:
        bindings(tuple(conf.current().trigger_env_hosts))
    except ImproperlyConfigured as error:
        return [checks.Error(str(error), id="notifications.E011")]
    return []
