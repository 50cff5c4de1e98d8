"""Event rows are read back as typed events, whatever version wrote them."""

import json
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks_core.engine import decision, events
from tasks_core.engine.decision import Attempt
from tasks_core.engine.events import CLASSES, Event, read_event
from tasks_core.engine.outcome import Failure, Outcome
from tasks_core.engine.retry import Fixed
from tasks_core.engine.states import EventKind

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
BASE: dict[str, Any] = {"id": 7, "task_id": 3, "task_type": "otp.send", "attempt": 2, "at": NOW}

numbers = st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | numbers | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)
fact_names = st.sampled_from(
    sorted({f.metadata.get("key") or f.name for cls in CLASSES.values() for f in fields(cls)})
)
rows = st.fixed_dictionaries(
    {
        "kind": st.sampled_from(EventKind),
        "id": st.integers(1),
        "task_id": st.integers(1),
        "task_type": st.text(min_size=1, max_size=20),
        "attempt": st.integers(0, 100),
        "at": st.datetimes(timezones=st.just(UTC)),
        "duration": st.none() | numbers,
        "data": json_values | st.dictionaries(fact_names, json_values),
    }
)


def _read(outcome: Outcome) -> list[Event]:
    """Read what ``outcome`` writes, through JSON as the database keeps it."""
    return [
        read_event(**BASE, kind=kind, duration=1.5, data=json.loads(json.dumps(data)))
        for kind, data in outcome.events
    ]


def test_every_kind_has_one_class_named_after_it() -> None:
    assert set(CLASSES) == set(EventKind)
    for kind, cls in CLASSES.items():
        assert cls.__name__ == "Task" + kind.value.title().replace("_", "")
        assert getattr(events, cls.__name__) is cls


@given(rows)
def test_whatever_a_row_holds_it_gives_an_event_of_its_kind_with_facts_of_their_type(
    row: dict[str, Any],
) -> None:
    event = read_event(**row)

    assert event.kind is row["kind"]
    for name in BASE:
        assert getattr(event, name) == row[name]
    for field in fields(event):
        if field.metadata:
            kind: Any = field.type
            assert isinstance(getattr(event, field.name), kind)


@given(st.sampled_from(EventKind), st.none() | numbers)
def test_the_seconds_of_a_row_stand_in_the_field_that_means_them(
    kind: EventKind, seconds: float | None
) -> None:
    event = read_event(**BASE, kind=kind, duration=seconds)

    meanings = {"late", "waited", "duration"} & {f.name for f in fields(event)}
    assert {getattr(event, name) for name in meanings} <= {seconds}


FAILURE = Failure(error="builtins.ValueError", message="broken")
ATTEMPT = Attempt(used=2, first_started_at=NOW)


def test_a_failure_that_is_retried_reads_back() -> None:
    rule = Fixed(initial=10, max_attempts=3)
    outcome = decision.after_failure(rule, FAILURE, ATTEMPT, now=NOW, rng=Random(0))

    assert outcome.run_after is not None
    assert _read(outcome) == [
        events.TaskFailed(
            **BASE, error="ValueError: broken", retry_count=1, will_retry=True, duration=1.5
        ),
        events.TaskRetrying(**BASE, next_attempt=3, next_attempt_at=outcome.run_after),
    ]


def test_a_final_failure_reads_back() -> None:
    outcome = decision.final_failure(FAILURE, ATTEMPT, reason="it is broken")

    assert _read(outcome) == [
        events.TaskFailed(
            **BASE, error="ValueError: broken", retry_count=1, will_retry=False, duration=1.5
        ),
        events.TaskDeadLettered(**BASE, reason="it is broken"),
    ]


@pytest.mark.parametrize(
    ("outcome", "event"),
    [
        (decision.succeeded(), events.TaskCompleted(**BASE, duration=1.5)),
        (
            decision.snoozed(now=NOW, seconds=30, reason="busy"),
            events.TaskSnoozed(**BASE, until=NOW + timedelta(seconds=30), duration=1.5),
        ),
        (decision.yielded(now=NOW), events.TaskYielded(**BASE, duration=1.5)),
        (
            decision.released(now=NOW, reason="stopping"),
            events.TaskReleased(**BASE, reason="stopping", returned=True),
        ),
        (decision.lost_in_company(now=NOW), events.TaskLost(**BASE, isolated=True)),
    ],
)
def test_what_else_an_attempt_comes_to_reads_back(outcome: Outcome, event: Event) -> None:
    assert _read(outcome) == [event]


@pytest.mark.parametrize(
    ("kind", "data", "event"),
    [
        ("progressed", {"done": 3, "total": 9.5, "note": "n"},
         events.TaskProgressed(**BASE, done=3.0, total=9.5, note="n")),
        ("lost", {"what": "message"}, events.TaskLost(**BASE, what="message")),
        ("released", {"reason": "waited too long", "priority": 1},
         events.TaskReleased(**BASE, reason="waited too long", priority=1)),
        ("cancelled", {"reason": "paid"}, events.TaskCancelled(**BASE, reason="paid")),
        ("replayed", {"replayed_as": 9, "edited": True},
         events.TaskReplayed(**BASE, replayed_as=9, edited=True)),
        ("discarded", {"note": "known"}, events.TaskDiscarded(**BASE, note="known")),
        ("snoozed", {"until": "2026-03-01T12:00:00"}, events.TaskSnoozed(**BASE)),
        ("retrying", {"attempt": True, "next_attempt_at": "soon"}, events.TaskRetrying(**BASE)),
        ("failed", None, events.TaskFailed(**BASE)),
        ("expired", ["?"], events.TaskExpired(**BASE)),
    ],
)  # fmt: skip
def test_data_reads_back_and_what_is_not_right_counts_as_missing(
    kind: str, data: Any, event: Event
) -> None:
    assert read_event(**BASE, kind=kind, data=data) == event


def test_an_unknown_kind_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match=r"'exploded' is no kind of event; .*cancelled, expired"):
        read_event(**BASE, kind="exploded")


def test_an_event_cannot_be_changed() -> None:
    event = read_event(**BASE, kind="queued")

    with pytest.raises(AttributeError):
        event.attempt = 3  # type: ignore[misc]
