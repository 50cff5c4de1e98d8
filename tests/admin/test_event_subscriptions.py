"""Subscribers of events: who may see them sees how they stand, who may change them steers them."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.test import Client
from django.test.utils import CaptureQueriesContext

import tasks_core
from tasks_core import clock
from tasks_core.events import TaskFailed, cursor, subscription
from tasks_core.metrics.handler import MetricsHandler
from tasks_core.models import EventSubscription, Worker
from tests.admin import rows
from tests.support import processes

MODEL = "tasks_core/eventsubscription"
LIST = f"/admin/{MODEL}/"


@pytest.fixture(autouse=True)
def own_subscriptions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscription, "_subscriptions", {})


def _ignore(events: Sequence[object]) -> None:
    """Take them."""


def subscriber(name: str = "audit", *, registered: bool = True) -> EventSubscription:
    if registered:
        tasks_core.subscribe(name, [TaskFailed], _ignore, queue_name="audits")
    cursor.create(name, from_beginning=False, now=clock.now())
    return EventSubscription.objects.get(name=name)


def page(client: Client, row: EventSubscription) -> str:
    return rows.text(client.get(f"{LIST}{row.pk}/change/"))


def park(row: EventSubscription, error: str = "RuntimeError: <receiver> is down") -> None:
    EventSubscription.objects.filter(pk=row.pk).update(state="parked", failures=10, error=error)


def test_the_list_tells_state_lag_failures_and_whether_it_is_registered(viewer: Client) -> None:
    subscriber("well")
    park(subscriber("ill"))
    subscriber("gone", registered=False)
    rows.order()
    shown = rows.text(viewer.get(LIST))
    assert "queue audits" in shown
    assert "not in the code of this process" in shown
    assert "10 failed: RuntimeError: &lt;receiver&gt; is down" in shown
    assert "at most 1" in shown


def test_a_list_of_many_takes_no_more_statements(
    viewer: Client, queries: Callable[[], CaptureQueriesContext]
) -> None:
    subscriber("first")
    with queries() as few:
        viewer.get(LIST)
    for number in range(10):
        subscriber(f"number-{number}")
    with queries() as many:
        viewer.get(LIST)
    assert len(many) == len(few)


def test_a_page_tells_what_the_code_says_and_what_failed(viewer: Client) -> None:
    row = subscriber()
    park(row)
    shown = page(viewer, row)
    for words in ("Parked", "failed</span>", "audits", "10 failures in a row", "&lt;receiver&gt;"):
        assert words in shown
    assert "snapshot" not in shown


def test_a_process_that_cannot_know_whether_it_is_in_the_code_offers_no_deletion(
    operator: Client,
) -> None:
    row = subscriber(registered=False)
    shown = page(operator, row)
    assert "no beat is alive" in shown
    assert "delete-subscription" not in shown
    worker = processes.alive("celery@old", subscribers=None)
    processes.alive("beat@new", role="beat")
    shown = page(operator, row)
    assert "celery@old of an older release does not say" in shown
    assert "delete-subscription" not in shown
    Worker.objects.filter(pk=worker.pk).update(subscribers=["audit"])
    shown = page(operator, row)
    assert "is registered in the code of celery@old" in shown
    assert "delete-subscription" not in shown
    operator.post(f"{LIST}{row.pk}/delete-subscription/")
    assert "is registered in the code of celery@old" in rows.messages(operator)[0]
    assert EventSubscription.objects.exists()
    Worker.objects.filter(pk=worker.pk).update(subscribers=["other"])
    shown = page(operator, row)
    assert "In no process that is alive" in shown
    assert "delete-subscription" in shown


def test_the_platforms_own_one_is_not_deleted(operator: Client) -> None:
    processes.alive("beat@new", role="beat")
    MetricsHandler().create()
    row = EventSubscription.objects.get(name="metrics")
    shown = page(operator, row)
    assert "By the platform itself" in shown
    assert "delete-subscription" not in shown
    operator.post(f"{LIST}{row.pk}/delete-subscription/")
    assert "belongs to the platform" in rows.messages(operator)[0]
    operator.post(
        LIST, {"action": "delete-subscription", "_selected_action": [row.pk], "index": "0"}
    )
    operator.post(f"{LIST}delete-subscription/", {"ids": str(row.pk)})
    operator.post(f"{LIST}{row.pk}/delete/", {"post": "yes"})
    assert EventSubscription.objects.filter(pk=row.pk).exists()


def test_viewers_get_no_buttons_and_are_refused(viewer: Client) -> None:
    row = subscriber(registered=False)
    shown = page(viewer, row)
    for step in ("pause", "resume", "replay", "delete-subscription"):
        url = f"{LIST}{row.pk}/{step}/"
        assert url not in shown
        assert viewer.get(url).status_code == 403
        assert viewer.post(url, {"since": "2026-01-01T00:00"}).status_code == 403
    row.refresh_from_db()
    assert row.state == "active"


def test_it_is_paused_and_resumed_and_the_log_has_who_did_it(operator: Client) -> None:
    row = subscriber()
    operator.post(f"{LIST}{row.pk}/pause/")
    assert rows.messages(operator) == ["1 paused."]
    row.refresh_from_db()
    assert row.state == "paused"
    operator.post(f"{LIST}{row.pk}/pause/")
    assert rows.messages(operator)[-1] == "1 had been paused already."
    park(row)
    operator.post(f"{LIST}{row.pk}/resume/")
    row.refresh_from_db()
    assert (row.state, row.failures, row.error) == ("active", 0, "")
    entries = LogEntry.objects.order_by("pk").values_list("user__username", "change_message")
    assert list(entries) == [("operator", "Pause"), ("operator", "Resume")]


def test_several_are_paused_at_once(operator: Client) -> None:
    keys = [subscriber(name).pk for name in ("one", "two")]
    assert rows.bulk(operator, MODEL, "pause", keys) == ["2 paused."]
    assert set(EventSubscription.objects.values_list("state", flat=True)) == {"paused"}


def test_a_replay_turns_the_cursor_back_to_the_time_that_was_asked_for(operator: Client) -> None:
    start = datetime(2026, 5, 1, tzinfo=UTC)
    with clock.frozen(start):
        rows.order()
    row = subscriber()
    park(row)
    since = (start - timedelta(minutes=1)).isoformat(timespec="seconds")
    operator.post(f"{LIST}{row.pk}/replay/", {"since": since})
    assert rows.messages(operator) == ["1 replayed."]
    again = EventSubscription.objects.get()
    assert again.floor < row.floor
    assert again.state == "active"


@pytest.mark.parametrize("since", ["", "yesterday", "2999-01-01T00:00"])
def test_a_replay_needs_a_time_that_has_been(operator: Client, since: str) -> None:
    row = subscriber()
    answer = operator.post(f"{LIST}{row.pk}/replay/", {"since": since})
    assert answer.status_code == 200
    assert answer.context["form"].errors["since"]
    assert EventSubscription.objects.get().snapshot == row.snapshot


def test_one_that_is_in_the_code_no_more_is_deleted_and_the_list_follows(operator: Client) -> None:
    row = subscriber(registered=False)
    processes.alive("beat@new", role="beat")
    answer = operator.post(f"{LIST}{row.pk}/delete-subscription/", follow=True)
    assert answer.redirect_chain == [(LIST, 302)]
    assert [str(message) for message in answer.context["messages"]] == ["1 deleted."]
    assert not EventSubscription.objects.exists()


def test_one_that_is_registered_is_not_deleted(operator: Client) -> None:
    row = subscriber()
    assert "delete-subscription" not in page(operator, row)
    operator.post(f"{LIST}{row.pk}/delete-subscription/")
    assert "is registered in the code" in rows.messages(operator)[0]
    assert EventSubscription.objects.exists()


def test_who_may_change_but_not_delete_is_refused_to_delete(db: None) -> None:
    user = User.objects.create(username="changer", password="!", is_staff=True)
    user.user_permissions.set(
        Permission.objects.filter(
            codename__in=["view_eventsubscription", "change_eventsubscription"]
        )
    )
    client = Client()
    client.force_login(user)
    row = subscriber(registered=False)
    assert client.post(f"{LIST}{row.pk}/delete-subscription/").status_code == 403
    assert EventSubscription.objects.exists()
