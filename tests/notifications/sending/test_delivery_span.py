"""Deliveries are the end of the trace that their notification began."""

from collections.abc import Iterator
from typing import Any

import pytest

from notifications import triggers
from notifications.api import notify
from notifications.models import Endpoint, TemplateVersion
from tasks_core import clock
from tasks_core.testing import run_due
from tests.support.first_step import ahead_of_time
from tests.support.mail_server import MailServer
from tests.support.receiver import Receiver, Reply
from tests.support.spans import Spans, fact, parent_of, recorded_spans, span_id, trace_of

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("broker")]

FIRST, LAST = "notification.schedule", "notification.deliver.email"


@pytest.fixture
def spans() -> Iterator[Spans]:
    with recorded_spans() as recorded:
        yield recorded


def everything(spans: Spans) -> str:
    return "".join(span.to_json() for span in spans.all())


@pytest.mark.parametrize("steps", [(LAST,), (FIRST, LAST)])
def test_email_is_one_trace_from_the_caller_to_the_mail_server(
    spans: Spans, receipt: TemplateVersion, mail_server: MailServer, steps: tuple[str, ...]
) -> None:
    context = {"number": 4711, "name": "Ada", "amount": "9.50"}
    with ahead_of_time() as soon:
        run_after = soon if FIRST in steps else None
        notify("receipt", to="ada@example.com", context=context, run_after=run_after)
    run_due()

    delivery = spans.one("delivery email")
    assert parent_of(delivery) == span_id(spans.one("attempt notification.deliver.email"))
    assert {trace_of(span) for span in spans.all()} == {trace_of(delivery)}
    for step in (FIRST, LAST):
        seen = len(spans.all(f"enqueue {step}")), len(spans.all(f"attempt {step}"))
        assert seen == ((1, 1) if step in steps else (0, 0))
    assert delivery.kind.name == "CLIENT"
    assert fact(delivery, "bellringer.delivery.outcome") == "success"
    assert fact(delivery, "bellringer.delivery.status_code") == 250
    assert "ada@example.com" not in everything(spans)
    assert "4711" not in everything(spans)


def test_webhook_that_refuses_marks_its_span(
    spans: Spans, paid: TemplateVersion, endpoint: Endpoint, receiver: Receiver
) -> None:
    receiver.plan(Reply(status=503))
    notify("payment.settled", to=endpoint, context={"id": "p1", "order": {}})
    run_due()

    delivery = spans.one("delivery webhook")
    assert delivery.status.status_code.name == "ERROR"
    assert fact(delivery, "error.type") == "transient"
    assert fact(delivery, "bellringer.delivery.status_code") == 503
    assert receiver.url not in everything(spans)


@pytest.mark.parametrize("is_passed_on", [False, True])
def test_receiver_learns_of_the_trace_only_if_told_so(
    spans: Spans,
    paid: TemplateVersion,
    endpoint: Endpoint,
    receiver: Receiver,
    allow_loopback: dict[str, Any],
    is_passed_on: bool,
) -> None:
    allow_loopback["OUTGOING_TRACEPARENT"] = is_passed_on
    notify("payment.settled", to=endpoint, context={"id": "p1", "order": {}})
    run_due()

    delivery = spans.one("delivery webhook")
    expected = f"00-{trace_of(delivery):032x}-{span_id(delivery):016x}-01"
    [seen] = receiver.received
    assert seen.headers.get("traceparent") == (expected if is_passed_on else None)


@pytest.mark.parametrize("is_passed_on", [False, True])
def test_call_of_a_trigger_is_a_delivery_too(
    spans: Spans, receiver: Receiver, allow_loopback: dict[str, Any], is_passed_on: bool
) -> None:
    allow_loopback["OUTGOING_TRACEPARENT"] = is_passed_on
    triggers.create_scheduled_event(webhook=receiver.url, schedule_at=clock.now())
    run_due()

    delivery = spans.one("delivery trigger")
    assert fact(delivery, "bellringer.delivery.status_code") == 200
    assert trace_of(spans.one("attempt")) == trace_of(delivery)
    [seen] = receiver.received
    assert ("traceparent" in seen.headers) is is_passed_on
