"""Enqueuing begins a trace, or goes on with the caller's."""

import re

import pytest
from django.db import connection
from opentelemetry.trace import get_tracer

import tasks_core
from tasks_core.exceptions import InvalidPayload
from tasks_core.models import Task
from tests.support.life import plain_type
from tests.support.spans import Spans, fact, parent_of, span_id, trace_of

TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-01")


@pytest.fixture(autouse=True)
def known_type() -> None:
    plain_type()


def stored(task_id: int) -> str | None:
    return Task.objects.values_list("traceparent", flat=True).get(pk=task_id)


def test_row_has_the_span_that_enqueued_it(spans: Spans) -> None:
    task = tasks_core.enqueue("plain", {}, correlation_id="order-7")

    span = spans.one("enqueue plain")
    text = stored(task.pk)
    assert text is not None
    assert len(text) == 55
    found = TRACEPARENT.fullmatch(text)
    assert found
    assert found.groups() == (f"{trace_of(span):032x}", f"{span_id(span):016x}")
    assert task.traceparent == text
    assert span.kind.name == "PRODUCER"
    assert fact(span, "messaging.system") == "bellringer"
    assert fact(span, "messaging.message.id") == str(task.pk)
    assert fact(span, "messaging.message.conversation_id") == "order-7"


def test_enqueue_joins_the_callers_trace(spans: Spans) -> None:
    tracer = get_tracer("caller", tracer_provider=spans.provider)
    with tracer.start_as_current_span("request") as request:
        tasks_core.enqueue("plain", {})

    span = spans.one("enqueue plain")
    assert parent_of(span) == request.get_span_context().span_id
    assert trace_of(span) == request.get_span_context().trace_id


def test_enqueue_many_makes_one_span_for_a_thousand_rows(spans: Spans) -> None:
    tasks_core.enqueue_many("plain", [{}] * 1_500)

    counts = [fact(s, "messaging.batch.message_count") for s in spans.all("enqueue plain")]
    assert counts == [1_000, 500]
    assert Task.objects.filter(traceparent=None).count() == 0
    assert Task.objects.values("traceparent").distinct().count() == 2


def test_enqueue_many_by_key_is_traced_too(spans: Spans) -> None:
    ids = tasks_core.enqueue_many("plain", [{}, {}], idempotency_keys=["a", "b"])

    assert {stored(task_id) for task_id in ids} == {
        f"00-{trace_of(s):032x}-{span_id(s):016x}-01" for s in spans.all("enqueue plain")
    }


def test_payload_that_is_refused_makes_no_span(spans: Spans) -> None:
    with pytest.raises(InvalidPayload):
        tasks_core.enqueue("plain", "no object")

    assert spans.all() == []


def test_failed_insert_marks_the_span_without_its_text(spans: Spans) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE tasks_core_task ADD CONSTRAINT test_refuse CHECK (tags = '{}')")
    try:
        with pytest.raises(Exception, match="test_refuse"):
            tasks_core.enqueue("plain", {}, tags=["forbidden"])
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE tasks_core_task DROP CONSTRAINT test_refuse")

    span = spans.one("enqueue plain")
    assert span.status.status_code.name == "ERROR"
    assert span.status.description == "django.db.utils.IntegrityError"
    assert span.events == ()


@pytest.mark.usefixtures("transactional_db")
def test_without_traces_rows_have_no_traceparent() -> None:
    task = tasks_core.enqueue("plain", {})
    [other] = tasks_core.enqueue_many("plain", [{}])

    assert stored(task.pk) is None
    assert stored(other) is None
