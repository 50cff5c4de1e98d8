"""`check_platform` on subscribers of events."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

import tasks_core
from tasks_core import clock
from tasks_core.events import cursor, subscription
from tasks_core.health import Finding, Level, examine, worst
from tasks_core.metrics.handler import MetricsHandler
from tasks_core.models import EventSubscription
from tests.support import processes

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_subscriptions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscription, "_subscriptions", {})


def ignore(events: Sequence[object]) -> None:
    """Take them."""


def make(name: str = "audit", *, registered: bool = True) -> None:
    if registered:
        tasks_core.subscribe(name, [], ignore)
    cursor.create(name, from_beginning=False, now=clock.now())


def unread(minutes: float) -> None:
    """Let something have happened so long ago."""
    with clock.frozen(clock.now() - timedelta(minutes=minutes)):
        tasks_core.enqueue("invoice.remind", {"invoice": 1})


def found() -> Finding:
    """Return the worst that is found."""
    findings = examine(["subscriptions"])
    return next(one for one in findings if one.level == worst(findings))


def test_without_subscribers_all_is_well() -> None:
    assert found().level == Level.HEALTHY


def test_who_reads_in_time_is_well() -> None:
    make()
    unread(minutes=4)
    finding = found()
    assert finding.level == Level.HEALTHY
    assert finding.message == "1 of 1 subscribers get their events, 0 are paused"


def test_a_parked_one_is_named_with_what_to_do() -> None:
    make()
    EventSubscription.objects.update(state="parked", failures=10, error="RuntimeError: down")
    finding = found()
    assert finding.level == Level.DEGRADED
    assert "'audit' is parked after 10 failures" in finding.message
    assert "manage.py resume_subscription audit" in finding.remedy


def test_one_that_does_not_read_is_named_unless_it_is_paused() -> None:
    make()
    unread(minutes=30)
    finding = found()
    assert finding.level == Level.DEGRADED
    assert finding.message == "subscriber 'audit' has not read events for 30 min"
    tasks_core.pause_subscription("audit")
    assert found().message == "0 of 1 subscribers get their events, 1 are paused"


def test_one_that_the_code_has_no_more_keeps_events_and_is_named() -> None:
    make("gone", registered=False)
    assert found().level == Level.HEALTHY
    unread(minutes=30)
    finding = found()
    assert "'gone', which no process has in its code that is alive" in finding.message
    assert "no beat is alive that would say" in finding.remedy
    processes.alive("beat@new", role="beat")
    finding = found()
    assert "manage.py delete_subscription gone" in finding.remedy


def test_the_platforms_own_one_is_not_offered_for_deletion() -> None:
    MetricsHandler().create()
    unread(minutes=30)
    finding = found()
    assert finding.level == Level.DEGRADED
    assert "the platform's own subscriber 'metrics' has not read events" in finding.message
    assert "delete_subscription" not in finding.remedy
