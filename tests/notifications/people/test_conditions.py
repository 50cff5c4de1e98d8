"""A message goes out only if its condition still holds when it is sent."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from notifications import conditions
from notifications.api import condition, notify
from notifications.exceptions import InvalidNotification
from notifications.models import Endpoint, Notification, TemplateVersion
from tasks_core import clock
from tasks_core.models import DeadLetter
from tasks_core.testing import run_due
from tests.support.mail_server import MailServer
from tests.support.receiver import Receiver

GOOD: dict[str, Any] = {"number": 7, "name": "Ada", "amount": "12.5"}
HOUR = timedelta(hours=1)
unpaid: set[int] = set()
asked: list[int] = []


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    others = {name: one for name, one in conditions._predicates.items() if name != "invoice-unpaid"}
    monkeypatch.setattr(conditions, "_predicates", others)  # the documents' examples have one
    unpaid.clear()
    asked.clear()

    @condition("invoice-unpaid")
    def invoice_is_unpaid(invoice: int) -> bool:
        asked.append(invoice)
        if invoice == 13:
            raise RuntimeError("the ledger of ada@example.com is locked")
        return invoice in unpaid


def remind(invoice: int, **options: Any) -> Notification:
    return notify(
        "receipt",
        to="ada@example.com",
        context=GOOD,
        condition="invoice-unpaid",
        condition_args={"invoice": invoice},
        **options,
    )


@pytest.mark.django_db
def test_it_is_sent_while_the_condition_holds(
    receipt: TemplateVersion, mail_server: MailServer
) -> None:
    unpaid.add(7)
    notification = remind(7)
    run_due()
    notification.refresh_from_db()
    assert notification.state == "sent"
    assert asked == [7, 7]  # when it is due, and right before it is sent


@pytest.mark.django_db
def test_it_is_suppressed_once_the_condition_fails(
    receipt: TemplateVersion, mail_server: MailServer
) -> None:
    unpaid.add(7)
    notification = remind(7, run_after=datetime.now(UTC) + HOUR)
    unpaid.clear()
    with clock.frozen(datetime.now(UTC) + 2 * HOUR):
        run_due()
    notification.refresh_from_db()
    assert notification.state == notification.deliveries.get().state == "suppressed"
    assert notification.reason == "its condition 'invoice-unpaid' does not hold any more"
    assert mail_server.messages == []


@pytest.mark.django_db
def test_a_condition_that_fails_between_attempts_stops_the_next_one(
    receipt: TemplateVersion, mail_server: MailServer
) -> None:
    unpaid.add(7)
    mail_server.refusals.append("450 busy")
    notification = remind(7)
    run_due()
    unpaid.clear()
    with clock.frozen(datetime.now(UTC) + 2 * HOUR):
        run_due()
    notification.refresh_from_db()
    assert notification.state == "suppressed"
    assert mail_server.messages == []


@pytest.mark.django_db
def test_critical_messages_have_conditions_too(
    receipt: TemplateVersion, mail_server: MailServer
) -> None:
    remind(7, critical=True)
    run_due()
    assert mail_server.messages == []


@pytest.mark.django_db
def test_a_condition_that_raises_is_asked_again_and_keeps_its_words_to_itself(
    receipt: TemplateVersion, mail_server: MailServer
) -> None:
    notification = remind(13)
    run_due()
    notification.refresh_from_db()
    assert notification.state == "accepted"
    for hours in range(1, 12):
        with clock.frozen(datetime.now(UTC) + hours * HOUR):
            run_due()
    notification.refresh_from_db()
    assert notification.state == "failed"
    assert notification.reason == "the condition 'invoice-unpaid' raised RuntimeError"
    assert "ada@example.com" not in DeadLetter.objects.get().message


@pytest.mark.django_db
def test_a_process_that_does_not_know_the_condition_leaves_it_to_another(
    receipt: TemplateVersion, mail_server: MailServer
) -> None:
    unpaid.add(7)
    notification = remind(7)
    predicate = conditions._predicates.pop("invoice-unpaid")
    run_due()
    notification.refresh_from_db()
    assert notification.state == "accepted"
    conditions._predicates["invoice-unpaid"] = predicate
    with clock.frozen(datetime.now(UTC) + HOUR):
        run_due()
    assert len(mail_server.messages) == 1


@pytest.mark.django_db(transaction=True)
def test_webhooks_have_conditions_too(
    paid: TemplateVersion, endpoint: Endpoint, receiver: Receiver
) -> None:
    unpaid.add(8)
    for invoice in (7, 8):
        notify(
            "payment.settled",
            to=endpoint,
            context={"id": str(invoice), "order": {}},
            condition="invoice-unpaid",
            condition_args={"invoice": invoice},
        )
    run_due()
    assert [json.loads(one.body)["data"]["id"] for one in receiver.received] == ["8"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("wrong", "field", "problem"),
    [
        ({"condition": "unknown"}, "condition", "known are: invoice-unpaid"),
        ({"condition": "invoice-unpaid"}, "condition_args", "missing a required argument"),
        (
            {"condition": "invoice-unpaid", "condition_args": {"bill": 7}},
            "condition_args",
            "missing a required argument: 'invoice'",
        ),
        ({"condition_args": {"invoice": 7}}, "condition_args", "none is given"),
        (
            {"condition": "invoice-unpaid", "condition_args": {"invoice": object()}},
            "condition_args.invoice",
            "is a object",
        ),
    ],
)
def test_a_wrong_condition_is_refused_at_once(
    receipt: TemplateVersion, wrong: dict[str, Any], field: str, problem: str
) -> None:
    with pytest.raises(InvalidNotification, match=problem) as refused:
        notify("receipt", to="ada@example.com", context=GOOD, **wrong)
    assert refused.value.field == field
    assert not Notification.objects.exists()


def test_a_name_is_given_once() -> None:
    with pytest.raises(ValueError, match="is registered already, by"):

        @condition("invoice-unpaid")
        def other() -> bool:
            return True
