"""Sends as spans of the trace that their notification began. Addresses and contents stay out of them."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from notifications import conf
from tasks_core import BatchItem
from tasks_core.tracing import switch

if TYPE_CHECKING:
    from opentelemetry.trace import Span


class Sending:
    """A send under way; ``ended`` says what came of it."""

    def __init__(self, span: "Span | None" = None) -> None:
        self._span = span

    def ended(self, outcome: str, *, error: str = "", status_code: int | None = None) -> None:
        """Note the outcome and the receiver's code; ``error`` is a class of error, not its text."""
        if self._span is None:
            return
        from tasks_core.tracing.attributes import mark_failed

        self._span.set_attribute("bellringer.delivery.outcome", outcome)
        if status_code is not None:
            self._span.set_attribute("bellringer.delivery.status_code", status_code)
        if error:
            mark_failed(self._span, error)

    def active(self) -> AbstractContextManager[object]:
        """Make the block part of it."""
        if self._span is None:
            return nullcontext()
        from opentelemetry.trace import use_span

        return use_span(self._span, record_exception=False, set_status_on_exception=False)

    def close(self) -> None:
        """End what ``sending_apart`` began."""
        if self._span is not None:
            self._span.end()


_UNTRACED = Sending()
_IN_NO_SPAN = nullcontext(_UNTRACED)


def sending(channel: str, facts: Mapping[str, str | int]) -> AbstractContextManager[Sending]:
    """Record the block as a delivery through ``channel``, if traces are on."""
    return _in_a_span(channel, facts) if switch.is_on else _IN_NO_SPAN


@contextmanager
def _in_a_span(channel: str, facts: Mapping[str, str | int]) -> Iterator[Sending]:
    from tasks_core.tracing.delivery_span import delivery_span

    with delivery_span(channel, _named(facts)) as span:
        yield Sending(span)


def sending_apart(channel: str, facts: Mapping[str, str | int]) -> Sending:
    """Record a delivery through ``channel`` that ends later than a block; its ``close`` ends it."""
    if not switch.is_on:
        return _UNTRACED
    from tasks_core.tracing.delivery_span import begin_delivery_span

    return Sending(begin_delivery_span(channel, _named(facts)))


def _named(facts: Mapping[str, str | int]) -> dict[str, str | int | bool]:
    return {f"bellringer.delivery.{name}": value for name, value in facts.items()}


def passed_on() -> dict[str, str]:
    """Return the headers that let a receiver go on with the trace: none, unless the settings say so."""
    if not switch.is_on or not conf.current().outgoing_traceparent:
        return {}
    from tasks_core.tracing.traceparent import HEADER, current_traceparent

    traceparent = current_traceparent()
    return {HEADER: traceparent} if traceparent else {}


def trace_of(item: BatchItem[Any]) -> str | None:
    """Return the span of a task of a batch, to which what it enqueues belongs; None if traces are off."""
    if not switch.is_on:
        return None
    from tasks_core.tracing.traceparent import current_traceparent

    with item.active():
        return current_traceparent()
