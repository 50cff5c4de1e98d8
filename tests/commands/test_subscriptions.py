"""`list_subscriptions`, and the commands that steer subscribers of events."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management.base import CommandError

import tasks_core
from tasks_core import clock
from tasks_core.events import TaskFailed, TaskScheduled, cursor, subscription
from tasks_core.metrics.handler import MetricsHandler
from tasks_core.models import EventSubscription, TaskEvent
from tests.commands.conftest import Rows, Run
from tests.support import processes

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_subscriptions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscription, "_subscriptions", {})


def objects(run: Run, *words: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run(*words, "--format", "json").lines]


def ignore(events: Sequence[object]) -> None:
    """Take them."""


def make(name: str = "audit", *, registered: bool = True) -> EventSubscription:
    if registered:
        tasks_core.subscribe(name, [TaskScheduled, TaskFailed], ignore)
    cursor.create(name, from_beginning=False, now=clock.now())
    return EventSubscription.objects.get(name=name)


def test_subscribers_are_listed_with_their_state_and_how_far_they_are_behind(run: Run) -> None:
    make()
    make("gone", registered=False)
    start = datetime(2026, 5, 1, tzinfo=UTC)
    with clock.frozen(start):
        tasks_core.enqueue("invoice.remind", {"invoice": 1})
        tasks_core.enqueue("invoice.remind", {"invoice": 2})
    known, gone = objects(run, "list_subscriptions")
    assert (known["name"], known["state"], known["registered"]) == ("audit", "active", True)
    assert known["kinds"] == ["failed", "scheduled"]
    assert (known["unread"], known["unread_since"]) == (2, start.isoformat())
    assert (gone["registered"], gone["kinds"]) == (False, None)
    head, first, _ = run("list_subscriptions").lines
    assert head.split("\t")[:4] == ["name", "state", "registered", "unread"]
    assert first.split("\t")[:4] == ["audit", "active", "yes", "2"]


def test_only_those_in_a_state_are_listed(run: Run) -> None:
    make()
    make("broken")
    EventSubscription.objects.filter(name="broken").update(
        state="parked", failures=10, error="RuntimeError: down"
    )
    [parked] = objects(run, "list_subscriptions", "--state", "parked")
    assert (parked["name"], parked["failures"], parked["error"]) == (
        "broken",
        10,
        "RuntimeError: down",
    )
    assert objects(run, "list_subscriptions", "--state", "paused") == []


def test_one_is_paused_and_resumed_and_a_second_time_changes_nothing(run: Run) -> None:
    make()
    assert objects(run, "pause_subscription", "audit")[0]["state"] == "paused"
    again = run("pause_subscription", "audit")
    assert again.err.strip() == "audit was paused already"
    assert objects(run, "resume_subscription", "audit")[0]["state"] == "active"
    assert run("resume_subscription", "audit").err.strip() == "audit was active already"


def test_events_are_replayed_from_a_time_or_from_an_event_on(run: Run) -> None:
    start = datetime(2026, 5, 1, tzinfo=UTC)
    for hours in range(3):
        with clock.frozen(start + timedelta(hours=hours)):
            tasks_core.enqueue("invoice.remind", {"invoice": hours})
    make()
    [shown] = objects(run, "replay_events", "audit", "--since", "2026-05-01T00:30Z")
    assert (shown["unread"], shown["unread_since"]) == (2, "2026-05-01T01:00:00+00:00")
    first = TaskEvent.objects.order_by("id").values_list("id", flat=True)[0]
    [shown] = objects(run, "replay_events", "audit", "--after", str(first - 1))
    assert shown["unread"] == 3
    assert objects(run, "replay_events", "audit", "--after", "0")[0]["unread"] >= 3


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "--since"),
        (("--since", "2026-05-01T00:30Z", "--after", "1"), "not allowed with"),
        (("--since", "2026-05-01T00:30"), "no time zone"),
        (("--after", "-1"), "--after"),
        (("--after", "all"), "0 for all events"),
    ],
)
def test_a_replay_that_cannot_be_is_refused(run: Run, words: tuple[str, ...], says: str) -> None:
    before = make().snapshot
    with pytest.raises(CommandError, match=says):
        run("replay_events", "audit", *words)
    assert EventSubscription.objects.get().snapshot == before


def test_one_that_is_in_the_code_no_more_is_deleted(run: Run) -> None:
    make("gone", registered=False)
    processes.alive("beat@new", role="beat")
    [shown] = objects(run, "delete_subscription", "gone")
    assert (shown["name"], shown["state"]) == ("gone", "deleted")
    assert not EventSubscription.objects.exists()


def test_one_that_is_registered_is_not_deleted(run: Run) -> None:
    make()
    with pytest.raises(CommandError, match=r"'audit' is registered in the code.*pause"):
        run("delete_subscription", "audit")
    assert EventSubscription.objects.exists()


def test_one_that_another_process_may_have_in_its_code_is_not_deleted(run: Run) -> None:
    make("gone", registered=False)
    with pytest.raises(CommandError, match=r"no beat is alive.*start the beat"):
        run("delete_subscription", "gone")
    processes.alive("beat@new", role="beat", subscribers=["gone"])
    with pytest.raises(CommandError, match="registered in the code of beat@new"):
        run("delete_subscription", "gone")
    [shown] = objects(run, "list_subscriptions")
    assert shown["registered"] is True
    assert EventSubscription.objects.exists()


def test_the_platforms_own_one_is_not_deleted(run: Run) -> None:
    MetricsHandler().create()
    processes.alive("beat@new", role="beat")
    with pytest.raises(CommandError, match="'metrics' belongs to the platform"):
        run("delete_subscription", "metrics")
    [shown] = objects(run, "list_subscriptions")
    assert (shown["name"], shown["registered"]) == ("metrics", True)


@pytest.mark.parametrize(
    "words",
    [
        ("pause_subscription",),
        ("resume_subscription",),
        ("delete_subscription",),
        ("replay_events", "--after", "0"),
    ],
)
def test_one_that_is_not_there_is_named_with_those_that_are(
    run: Run, rows: Rows, words: tuple[str, ...]
) -> None:
    make()
    before = rows()
    with pytest.raises(CommandError, match="no subscriber is called 'audti'; there are: audit"):
        run(words[0], "audti", *words[1:])
    assert rows() == before
