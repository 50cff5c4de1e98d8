"""What the rest of the app knows of a channel."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from notifications.models.endpoint import Endpoint
from notifications.rendering.compiled import Rendered


@dataclass(frozen=True)
class Address:
    """Where a message goes: a text for people, and the endpoint behind it if there is one."""

    text: str
    endpoint: Endpoint | None = None


class CompiledTemplate(Protocol):
    """A template ready for rendering."""

    names: frozenset[str]

    def render(self, variables: Mapping[str, Any]) -> Rendered:
        """Render; raises RenderingFailed."""
        ...


class Channel(Protocol):
    """One way out. A folder below ``channels`` gives one of these as ``CHANNEL``."""

    kind: str
    """The word in Template.channel and in ``notify(channel=...)``."""
    deliver_task: str
    """The task type that makes the delivery."""

    def recognises(self, to: str | Endpoint) -> bool:
        """Say whether ``to`` looks like an address of this channel."""
        ...

    def addresses(self, receivers: list[str | Endpoint]) -> list[Address | str]:
        """Check many receivers at once; a text in the answer says what is wrong with one."""
        ...

    def compile(self, subject: str, text: str, html: str) -> CompiledTemplate:
        """Compile a template of this channel; raises InvalidTemplate."""
        ...
