"""The ends of attempts: one statement for many, and whoever else ends the same messages at the same time."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from django.db import transaction
from pytest_django import DjangoAssertNumQueries

from notifications.api import Fallback, Message, cancel, notify_many
from notifications.channel_api.sendable import Sendable
from notifications.models import (
    Delivery,
    DeliveryAttempt,
    DeliveryTotal,
    Notification,
    TemplateVersion,
)
from notifications.rules.outcome import Outcome, SendResult
from notifications.sending.pipeline.begin import begin
from notifications.sending.pipeline.cancel import cancel_all
from notifications.sending.pipeline.deliver import ended
from notifications.sending.pipeline.record import Ended, record, record_patiently
from notifications.sending.pipeline.settle import end_deliveries
from notifications.states import DeliveryState
from tasks_core import clock
from tests.support.threads import Rival, at_once

GOOD: dict[str, Any] = {"number": 7, "name": "Ada", "amount": "12.5"}
SUCCESS = SendResult(outcome=Outcome.SUCCESS, status_code=250)
EXPIRED = SendResult(outcome=Outcome.EXPIRED, error="expired before it could be sent")
BUSY = SendResult(outcome=Outcome.TRANSIENT, error="busy", status_code=450)


def begun(count: int, **options: Any) -> list[Sendable]:
    """Begin attempts at new messages."""
    messages = [Message(to=f"u{n}@example.com", context=GOOD, **options) for n in range(count)]
    accepted = notify_many("receipt", messages)
    deliveries = Delivery.objects.filter(notification__in=accepted).order_by("pk")
    found = begin({pk: pk for pk in deliveries.values_list("pk", flat=True)})
    return [one for _, one in sorted(found.items()) if isinstance(one, Sendable)]


def ends(sendables: Sequence[Sendable], result: SendResult = SUCCESS) -> list[Ended]:
    return [ended(one, clock.now(), result) for one in sendables]


def states() -> tuple[Counter[str], Counter[str]]:
    """Count the states of deliveries and of notifications."""
    deliveries = Delivery.objects.values_list("state", flat=True)
    return Counter(deliveries), Counter(Notification.objects.values_list("state", flat=True))


def counted() -> dict[str, int]:
    found: Counter[str] = Counter()
    for outcome, count in DeliveryTotal.objects.values_list("outcome", "count"):
        found[outcome] += count
    return dict(found)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("result", "delivery", "notification"),
    [
        (SUCCESS, "sent", "sent"),
        (EXPIRED, "expired", "expired"),
        (BUSY, "sending", "in_progress"),
    ],
)
def test_many_plain_ends_are_one_statement(
    receipt: TemplateVersion,
    django_assert_num_queries: DjangoAssertNumQueries,
    result: SendResult,
    delivery: str,
    notification: str,
) -> None:
    attempts = ends(begun(40), result)
    with django_assert_num_queries(1):
        record(attempts)
    assert states() == ({delivery: 40}, {notification: 40})
    assert counted() == {result.outcome.value: 40}
    assert DeliveryAttempt.objects.filter(outcome=result.outcome.value).count() == 40
    finished = Notification.objects.exclude(finished_at=None).count()
    assert finished == (0 if notification == "in_progress" else 40)


@pytest.mark.django_db
def test_of_those_with_a_fallback_the_ladder_hears_too(receipt: TemplateVersion) -> None:
    plain = begun(2)
    laddered = begun(2, fallback=[Fallback(channel="email", to="bea@example.com")])
    record(ends([*plain, *laddered]))
    assert states() == ({"sent": 4}, {"sent": 4})
    steps = [step for one in Notification.objects.all() for step in one.ladder_steps.all()]
    assert [(step.state, step.reason) for step in steps] == [("unneeded", "it was sent")] * 2
    assert counted() == {"success": 4}


@pytest.mark.django_db
def test_recording_twice_changes_nothing_but_the_count(receipt: TemplateVersion) -> None:
    [attempt] = begun(1)
    record(ends([attempt]))
    before = Notification.objects.values().get(), Delivery.objects.values().get()
    record(ends([attempt], BUSY))
    assert (Notification.objects.values().get(), Delivery.objects.values().get()) == before


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("result", "end"), [(SUCCESS, "sent"), (EXPIRED, "cancelled")])
def test_an_end_that_comes_second_to_a_cancellation_tells_what_became_of_the_message(
    receipt: TemplateVersion, result: SendResult, end: str
) -> None:
    attempts = ends(begun(1), result)
    with transaction.atomic():
        assert cancel(Notification.objects.get().pk, reason="enough")
        rival = Rival(lambda: record(attempts))
        rival.wait_until_held_up_or_done()
        assert rival.result() == attempts
    assert record(attempts) == []
    assert states() == ({end: 1}, {end: 1})
    assert DeliveryAttempt.objects.get().outcome == result.outcome


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("result", "end"), [(SUCCESS, "sent"), (EXPIRED, "expired")])
def test_a_cancellation_that_comes_second_to_an_end_changes_nothing(
    receipt: TemplateVersion, result: SendResult, end: str
) -> None:
    attempts = ends(begun(1), result)
    notification = Notification.objects.get()
    with transaction.atomic():
        record(attempts)
        rival = Rival(lambda: cancel(notification.pk, reason="enough"))
        rival.wait_until_held_up_or_done()
    assert rival.result() is False
    assert states() == ({end: 1}, {end: 1})


@pytest.mark.django_db(transaction=True)
@pytest.mark.guarantee(n=1)
def test_nobody_waits_in_a_circle(receipt: TemplateVersion) -> None:
    """Two workers record, an operator cancels, and time runs out, for the same messages in any order."""
    draw, rounds, count = Random(17), 15, 60
    for _ in range(rounds):
        attempts = begun(count)
        draw.shuffle(attempts)
        everyone_ends(attempts)
    assert states() == ({"sent": rounds * count}, {"sent": rounds * count})
    assert counted() == {"success": rounds * count}


def everyone_ends(attempts: list[Sendable]) -> None:
    ids = [one.delivery_id for one in attempts]
    notifications = Delivery.objects.filter(pk__in=ids).values_list("notification", flat=True)
    messages = Notification.objects.filter(pk__in=list(notifications))
    works: list[Callable[[], object]] = [
        lambda: record_patiently(ends(attempts[::2])),
        lambda: record_patiently(ends(attempts[1::2])),
        lambda: cancel_all(messages, "enough"),
        lambda: end_deliveries(ids, DeliveryState.EXPIRED, "too late"),
    ]
    at_once(len(works), lambda number: works[number]())


UNREADABLE = replace(BUSY, response={"text": "half a character: \ud800", "nul": "\x00"})


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "result",
    [
        UNREADABLE,
        replace(UNREADABLE, outcome=Outcome.SUCCESS),
        replace(SUCCESS, provider_message_id="\x00\ud800"),
        replace(SUCCESS, provider_message_id="1" * 300),
    ],
)
def test_what_cannot_be_stored_of_one_attempt_lets_no_sent_message_be_forgotten(
    receipt: TemplateVersion, result: SendResult
) -> None:
    odd, *others = begun(4)
    assert record([*ends([odd], result), *ends(others)]) == []
    sent = Delivery.objects.filter(state="sent").values_list("pk", flat=True)
    is_sent = result.outcome is Outcome.SUCCESS
    assert set(sent) == {one.delivery_id for one in others} | (
        {odd.delivery_id} if is_sent else set()
    )
    logged = DeliveryAttempt.objects.get(delivery=odd.delivery_id)
    assert (logged.outcome, logged.response) == (result.outcome.value, {})
    assert sum(counted().values()) == 4


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("result", [SUCCESS, replace(BUSY, outcome=Outcome.THROTTLED)])
def test_an_end_that_is_recorded_again_after_a_lost_answer_counts_once(
    receipt: TemplateVersion, result: SendResult
) -> None:
    attempts = ends(begun(2), result)
    record(attempts)
    before = list(Delivery.objects.order_by("pk").values())
    assert record(attempts) == []
    assert list(Delivery.objects.order_by("pk").values()) == before
    assert counted() == {result.outcome.value: 2}
