"""Guarantee 17: a list of providers, tried in turn."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest

from notifications.api import enable_provider, notify
from notifications.models import DeliveryAttempt, Notification, Provider, TemplateVersion
from notifications.sending.providers.accounts import forget_accounts
from tasks_core import clock
from tasks_core.testing import run_due
from tests.notifications.sending.channels.test_sms import refused, taken
from tests.notifications.sending.conftest import NUMBER, add_gateway
from tests.support.receiver import Receiver, Reply, running_receiver

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.guarantee(n=17)]


@pytest.fixture
def second(receiver: Receiver) -> Iterator[Receiver]:
    with running_receiver() as running:
        yield running


@pytest.fixture(autouse=True)
def _gateways(receiver: Receiver, second: Receiver, transactional_db: None) -> None:
    add_gateway(second, name="sms-second", position=2)
    add_gateway(receiver, name="sms-first", position=1)


def pay() -> Notification:
    return notify("paid", to=NUMBER, context={"name": "Ada", "amount": 5})


def tried(attempt: DeliveryAttempt) -> list[tuple[str, str]]:
    return [(one["name"], one["outcome"]) for one in attempt.request["providers"]]


@pytest.mark.parametrize(
    "reply",
    [Reply(503), refused(20003, 401), refused(20429, 429), refused(21408), refused(21612)],
)
def test_the_second_takes_what_the_first_cannot(
    receiver: Receiver, second: Receiver, paid_sms: TemplateVersion, reply: Reply
) -> None:
    receiver.plan(reply)
    second.plan(taken("SM2"))
    notification = pay()
    run_due()
    notification.refresh_from_db()
    assert notification.state == "sent"
    assert len(receiver.received) == len(second.received) == 1
    attempt = DeliveryAttempt.objects.get()
    assert [name for name, _ in tried(attempt)] == ["sms-first", "sms-second"]
    assert notification.deliveries.get().provider_message_id == "SM2"


def test_what_is_wrong_with_the_number_is_wrong_everywhere(
    receiver: Receiver, second: Receiver, paid_sms: TemplateVersion
) -> None:
    receiver.plan(refused(21211))
    notification = pay()
    run_due()
    notification.refresh_from_db()
    assert notification.state == "failed"
    assert second.received == []


def test_the_order_can_be_changed_and_one_switched_off(
    receiver: Receiver, second: Receiver, paid_sms: TemplateVersion
) -> None:
    assert enable_provider("sms-first", on=False)
    assert not enable_provider("sms-first", on=False)
    second.plan(taken())
    pay()
    run_due()
    assert receiver.received == []
    assert len(second.received) == 1


def test_one_that_no_key_opens_holds_up_no_other(
    receiver: Receiver,
    second: Receiver,
    paid_sms: TemplateVersion,
    caplog: pytest.LogCaptureFixture,
) -> None:
    Provider.objects.filter(name="sms-first").update(credentials="damaged")
    forget_accounts()
    second.plan(taken(), taken())
    for _ in range(2):
        pay()
        run_due()
        forget_accounts()
    assert (len(receiver.received), len(second.received)) == (0, 2)
    assert caplog.text.count("provider sms-first is left out") == 1


def test_if_all_fail_the_most_hopeful_failure_counts(
    receiver: Receiver, second: Receiver, paid_sms: TemplateVersion
) -> None:
    receiver.plan(Reply(503))
    second.plan(refused(21408))
    notification = pay()
    run_due()
    notification.refresh_from_db()
    assert notification.state == "in_progress"
    assert tried(DeliveryAttempt.objects.get()) == [
        ("sms-first", "transient"),
        ("sms-second", "permanent"),
    ]


@pytest.mark.parametrize("may_repeat", [True, False])
@pytest.mark.guarantee(n=6)
def test_a_gateway_that_gives_no_answer_may_have_sent_it(
    receiver: Receiver,
    second: Receiver,
    paid_sms: TemplateVersion,
    allow_loopback: dict[str, object],
    may_repeat: bool,
) -> None:
    allow_loopback["REPEAT_UNANSWERED"] = may_repeat
    allow_loopback["OUTGOING_TOTAL_TIMEOUT"] = 0.5
    release = threading.Event()
    receiver.plan(Reply(hold=release))
    second.plan(taken())
    notification = pay()
    run_due()
    release.set()
    notification.refresh_from_db()
    assert len(second.received) == (1 if may_repeat else 0)
    assert notification.state == ("sent" if may_repeat else "failed")
    if not may_repeat:
        assert "it may have arrived, so it is not sent again" in notification.reason


def test_a_code_is_sent_by_the_second_while_it_is_still_valid(
    receiver: Receiver, second: Receiver, code_sms: TemplateVersion
) -> None:
    release = threading.Event()
    receiver.plan(Reply(hold=release))
    second.plan(taken())
    notification = notify(
        "one-time-code",
        to=NUMBER,
        secret_context={"code": "918273"},
        category="otp",
        expires_at=clock.now() + timedelta(seconds=4),
    )
    run_due()
    release.set()
    notification.refresh_from_db()
    assert notification.state == "sent"
    assert b"918273" in second.received[0].body
