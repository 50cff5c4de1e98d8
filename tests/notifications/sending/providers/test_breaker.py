"""Providers that keep failing, or have too much to do, are left out for a while."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from notifications.api import Message, enable_provider, notify_many, register_provider
from notifications.exceptions import InvalidProvider
from notifications.models import (
    Delivery,
    DeliveryAttempt,
    Notification,
    Provider,
    ProviderHealth,
    TemplateVersion,
)
from notifications.rules.outcome import Outcome, SendResult
from notifications.sending.providers.admission import Asked, Seen, admit_each, note_each
from scheduler_project.data_folder import CHECKOUT
from tasks_core import clock
from tasks_core.models import DeadLetter, Task
from tasks_core.testing import run_due
from tests.notifications.sending.channels.test_sms import refused, taken
from tests.notifications.sending.conftest import add_gateway
from tests.support.receiver import Receiver, Reply, running_receiver
from tests.support.threads import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.guarantee(n=17)]

DELIVER = "notification.deliver.sms"
FAILED = SendResult(outcome=Outcome.TRANSIENT, error="the gateway answered 503", status_code=503)


def pay(count: int = 1) -> list[Notification]:
    numbers = [f"+49151{12345678 + n}" for n in range(count)]
    messages = [Message(to=number, context={"name": "Ada", "amount": 5}) for number in numbers]
    return notify_many("paid", messages)


@contextmanager
def ahead(**by: float) -> Iterator[None]:
    with clock.frozen(clock.now() + timedelta(**by)):
        yield


@pytest.fixture
def second(receiver: Receiver, gateway: Provider) -> Iterator[Receiver]:
    with running_receiver() as running:
        add_gateway(running, name="sms-second", position=2)
        yield running


def health() -> ProviderHealth:
    return ProviderHealth.objects.get(provider__name="sms-main")


def attempts_used() -> list[int]:
    return [t.attempts - t.attempts_returned for t in Task.objects.filter(task_type=DELIVER)]


def test_one_that_keeps_failing_is_left_out_and_the_next_carries_all(
    receiver: Receiver, second: Receiver, paid_sms: TemplateVersion
) -> None:
    receiver.plan(*[Reply(503)] * 20)
    pay(12)
    run_due()
    assert len(receiver.received) == 5
    assert len(second.received) == 12
    assert health().breaker == "open"
    assert "503" in health().last_error
    last = DeliveryAttempt.objects.order_by("pk").last()
    assert last is not None
    assert [one["outcome"] for one in last.request["providers"]] == ["left out", "success"]


def test_messages_wait_without_using_up_attempts_until_the_only_one_works_again(
    receiver: Receiver, gateway: Provider, paid_sms: TemplateVersion
) -> None:
    receiver.plan(*[Reply(503)] * 5)
    pay(20)
    with ahead(seconds=0):
        run_due()
        assert len(receiver.received) == 5
        assert sum(attempts_used()) == 5
        assert DeliveryAttempt.objects.count() == 5
        waiting = Task.objects.filter(task_type=DELIVER, state="SCHEDULED")
        assert waiting.count() == 15
        assert all((one.run_after - clock.now()).total_seconds() >= 30 for one in waiting)
        assert Delivery.objects.filter(attempts=0).count() == 15
    for minutes in (1, 2, 3, 60):
        with ahead(minutes=minutes):
            run_due()
    assert Notification.objects.filter(state="sent").count() == 20
    assert not DeadLetter.objects.exists()
    assert health().breaker == "closed"


def test_a_probe_that_fails_costs_one_message_an_attempt_and_the_others_nothing(
    receiver: Receiver, gateway: Provider, paid_sms: TemplateVersion
) -> None:
    receiver.plan(*[Reply(503)] * 6)
    pay(9)
    run_due()
    assert len(receiver.received) == 5
    with ahead(seconds=60):
        run_due()
        assert len(receiver.received) == 6
        row = health()
        assert row.breaker_until is not None
        assert (row.breaker, row.openings) == ("open", 2)
        assert (row.breaker_until - clock.now()).total_seconds() == 60
    assert sum(attempts_used()) == 6


def test_too_many_requests_slow_it_for_all_and_cost_nobody_an_attempt(
    receiver: Receiver, gateway: Provider, paid_sms: TemplateVersion
) -> None:
    receiver.plan(Reply(429, {"Retry-After": "40"}))
    pay(10)
    run_due()
    assert len(receiver.received) == 1
    assert health().breaker == "closed"
    with ahead(seconds=35):
        run_due()
        assert len(receiver.received) == 1
    with ahead(seconds=60):
        run_due()
    assert len(receiver.received) == 11
    assert Notification.objects.filter(state="sent").count() == 10
    assert attempts_used() == [1] * 10


def test_what_asks_for_a_pause_is_left_to_the_next_meanwhile(
    receiver: Receiver, second: Receiver, paid_sms: TemplateVersion
) -> None:
    receiver.plan(refused(20429, 429))
    pay(4)
    run_due()
    assert (len(receiver.received), len(second.received)) == (1, 4)


@pytest.mark.parametrize("code", [21211, 21610, 30003])
def test_bad_numbers_and_phones_switched_off_are_no_failures_of_the_provider(
    receiver: Receiver, gateway: Provider, paid_sms: TemplateVersion, code: int
) -> None:
    receiver.plan(*[refused(code)] * 12)
    pay(12)
    with clock.frozen(clock.now()):  # so that none is due again while others are being sent
        run_due()
    assert len(receiver.received) == 12
    assert not ProviderHealth.objects.exclude(breaker="closed", failures=0).exists()


def test_a_rate_is_kept_to_over_all_workers(
    receiver: Receiver, gateway: Provider, paid_sms: TemplateVersion
) -> None:
    Provider.objects.update(rate_limit=5)
    pay(11)
    begin = clock.now()
    with clock.frozen(begin):
        run_due()
    assert len(receiver.received) == 1
    for tenth in range(1, 31):
        with clock.frozen(begin + timedelta(seconds=tenth / 10)):
            run_due()
            assert len(receiver.received) <= 1 + (tenth / 10 + 0.05) * 5
    assert Notification.objects.filter(state="sent").count() == 11
    assert attempts_used() == [1] * 11


def test_what_is_beyond_the_rate_goes_to_the_next(
    receiver: Receiver, second: Receiver, paid_sms: TemplateVersion
) -> None:
    Provider.objects.filter(name="sms-main").update(rate_limit=0.01)
    pay(6)
    run_due()
    assert (len(receiver.received), len(second.received)) == (1, 5)


def test_of_workers_that_ask_at_the_same_time_one_probes(gateway: Provider) -> None:
    begin = clock.now()
    at_once(5, lambda _: note_each([Seen(gateway.pk, FAILED)]))
    assert (health().breaker, health().failures) == ("open", 5)
    with clock.frozen(begin + timedelta(seconds=40)):
        answers = at_once(6, lambda _: admit_each([Asked(gateway.pk, True)])[0])
    assert sorted(answer.wait == 0 for answer in answers) == [False] * 5 + [True]
    assert health().breaker == "half_open"


def test_a_success_that_one_worker_sees_opens_the_way_for_the_others(gateway: Provider) -> None:
    note_each([Seen(gateway.pk, FAILED)] * 5)
    [left_out] = at_once(1, lambda _: admit_each([Asked(gateway.pk, True)])[0])
    assert left_out.wait > 25
    at_once(1, lambda _: note_each([Seen(gateway.pk, SendResult(outcome=Outcome.SUCCESS))]))
    [let_in] = at_once(1, lambda _: admit_each([Asked(gateway.pk, True)])[0])
    assert let_in.wait == 0


def test_a_provider_that_is_well_has_no_row_to_wait_for(
    receiver: Receiver, gateway: Provider, paid_sms: TemplateVersion
) -> None:
    pay(3)
    run_due()
    assert len(receiver.received) == 3
    assert not ProviderHealth.objects.exists()


def test_one_that_is_switched_on_or_registered_anew_is_tried_at_once(
    receiver: Receiver, gateway: Provider
) -> None:
    for mend in (lambda: enable_provider("sms-main"), lambda: add_gateway(receiver)):
        note_each([Seen(gateway.pk, FAILED)] * 5)
        enable_provider("sms-main", on=False)
        mend()
        assert admit_each([Asked(gateway.pk, True)])[0].wait == 0


@pytest.mark.parametrize(
    ("limits", "field"),
    [
        ({"rate_limit": 0.0}, "rate_limit"),
        ({"breaker_threshold": 0}, "breaker_threshold"),
        ({"breaker_pause": 0.0}, "breaker_pause"),
        ({"breaker_pause": 1e9}, "breaker_pause"),
    ],
)
def test_limits_that_make_no_sense_are_refused(
    receiver: Receiver, db: None, limits: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidProvider, match=f"^{field}: "):
        register_provider(
            "sms-main",
            channel="sms",
            kind="twilio",
            credentials={"account_sid": "AC1", "auth_token": "0123456789"},
            options={"sender": "Bank"},
            **limits,
        )
    assert not Provider.objects.exists()


def test_a_taken_message_counts_as_such_for_the_gateway(
    receiver: Receiver, gateway: Provider, paid_sms: TemplateVersion
) -> None:
    receiver.plan(Reply(503), Reply(503), taken("SM7"))
    pay(3)
    run_due()
    assert health().failures == 0


SENDING = """
import django
django.setup()
from django.conf import settings
settings.BELLRINGER = {{**settings.BELLRINGER, "OUTGOING_HTTPS_ONLY": False,
                       "OUTGOING_ALLOWED_NETWORKS": ["127.0.0.0/8"]}}
from datetime import timedelta
from tasks_core import clock
from tasks_core.testing import run_due
with clock.frozen(clock.now() + timedelta(seconds={seconds})):
    run_due()
"""


def run_in_another_process(environment: dict[str, str], *, seconds: float) -> None:
    """Do there what is due some seconds from now."""
    subprocess.run(
        [sys.executable, "-c", SENDING.format(seconds=seconds)],
        env={**environment, "DJANGO_SETTINGS_MODULE": "scheduler_project.settings"},
        cwd=CHECKOUT,
        check=True,
        timeout=100,
    )


@pytest.mark.timeout(600)
def test_what_one_process_sees_another_keeps_to(
    receiver: Receiver,
    gateway: Provider,
    paid_sms: TemplateVersion,
    process_environment: dict[str, str],
) -> None:
    receiver.plan(*[Reply(503)] * 5)
    pay(5)
    run_in_another_process(process_environment, seconds=0)
    assert (len(receiver.received), health().breaker) == (5, "open")
    pay(2)
    run_due()
    assert len(receiver.received) == 5, "this process leaves it out too"
    run_in_another_process(process_environment, seconds=600)
    assert health().breaker == "closed"
    pay()
    run_due()
    assert len(receiver.received) >= 7, "and here it works again"
    assert not DeadLetter.objects.exists()
