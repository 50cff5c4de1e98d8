"""What the rest of the app knows of a channel."""

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from notifications.channel_api.sendable import Sendable
from notifications.models.endpoint import Endpoint
from notifications.rendering.compiled import Rendered
from notifications.rules.outcome import SendResult
from tasks_core.engine.retry import RetryRule


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
    carries_secrets: bool
    """Whether one-time codes may go this way: nothing on it keeps what it is given."""

    def recognises(self, to: str | Endpoint) -> bool:
        """Return whether ``to`` looks like an address of this channel."""
        ...

    def addresses(self, receivers: list[str | Endpoint]) -> list[Address | str]:
        """Check many receivers at once; a text in the answer says what is wrong with one."""
        ...

    def compile(self, subject: str, text: str, html: str) -> CompiledTemplate:
        """Compile a template of this channel; raises InvalidTemplate."""
        ...


@runtime_checkable
class SendingChannel(Channel, Protocol):
    """A channel that says itself how its messages are sent; its task type is made from this."""

    @property
    def queue_name(self) -> str:
        """The queue of its deliveries."""

    @property
    def retry(self) -> RetryRule:
        """When a delivery that failed is tried again."""

    @property
    def max_runtime(self) -> float:
        """Seconds that one attempt may take."""

    def send(self, sendable: Sendable) -> SendResult | Awaitable[SendResult]:
        """Make one attempt. With ``async def`` many are made at once in each worker process.

        It looks at the clock right before anything leaves, and never raises for what the other side
        does: every outcome is a SendResult, with secrets already taken out of it.
        """
        ...


@runtime_checkable
class InParts(Protocol):
    """A channel whose carrier cuts long messages, and counts the parts. SMS are charged by them."""

    def parts(self, text: str) -> int:
        """Count the parts of a message."""
        ...


@runtime_checkable
class InOrder(Protocol):
    """A channel that may keep to an order: messages with one order key leave one after the other.

    The lanes of endpoints keep it, so saying so is not enough for another channel.
    """

    keeps_order: bool


def keeps_order(channel: Channel) -> bool:
    """Say whether a channel takes order keys; not, where it says nothing."""
    return isinstance(channel, InOrder) and channel.keeps_order


def parts_of(channel: Channel, text: str) -> int:
    """Count the messages that a carrier counts for one of ours; one, where the channel says nothing else."""
    return channel.parts(text) if isinstance(channel, InParts) else 1
