"""How large a template, and what comes of it, may be. The settings say so; see ``notifications.conf``."""

from collections.abc import Callable
from typing import Protocol


class Limits(Protocol):
    """What one part of a template may need."""

    @property
    def template_limit(self) -> int:
        """Characters of its source."""

    @property
    def message_limit(self) -> int:
        """Characters of what is rendered."""

    @property
    def loop_limit(self) -> int:
        """Turns that all its loops may take together."""

    @property
    def render_seconds(self) -> float:
        """Processor time, in seconds, for compiling and for rendering."""


def _unknown() -> Limits:
    raise RuntimeError(
        "nobody has said what the limits are: import notifications.conf, or set limits.current"
    )


current: Callable[[], Limits] = _unknown
"""Return the limits that hold now; set by whoever reads the settings."""
