"""Ladders at the door: all of it is checked, and nothing is written if something is wrong."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from notifications.api import (
    Fallback,
    Message,
    notify,
    notify_many,
    publish_template,
    register_endpoint,
    save_recipient,
)
from notifications.exceptions import IdempotencyConflict, InvalidNotification
from notifications.models import LadderStep, Notification
from tasks_core.models import Task
from tests.notifications.sending.conftest import NUMBER
from tests.notifications.sending.pipeline.fallback.conftest import MAIL, send_code, send_plain
from tests.support.receiver import Receiver

pytestmark = [pytest.mark.django_db, pytest.mark.guarantee(n=17)]

MINUTE = timedelta(minutes=1)


def step(**options: Any) -> Fallback:
    return Fallback(**{"channel": "email", "to": MAIL, **options})


@pytest.mark.parametrize(
    ("ladder", "field", "said"),
    [
        ("email", "fallback", "give a list"),
        ([7], "fallback[0]", "give a channel or a Fallback"),
        ([step()] * 6, "fallback", "has 6 steps; the limit is 5"),
        (["pigeon"], "fallback[0].channel", "there is none of this name; use"),
        (["slack"], "fallback[0].channel", "has no version for channel 'slack'; it has email, sms"),
        (["email"], "fallback[0].to", "is for no stored recipient"),
        ([step(to="nobody")], "fallback[0].to", "is not a mail address"),
        ([step(channel="sms", to=NUMBER)], "fallback[0].to", "is where an earlier step goes"),
        ([step(), step()], "fallback[1].to", "is where an earlier step goes"),
        ([step(), step(to=MAIL.upper())], "fallback[1].to", "is where an earlier step goes"),
        ([step(after=300)], "fallback[0].after", "give a timedelta"),
        ([step(after=timedelta(0))], "fallback[0].after", "give more than nothing"),
        ([step(after=timedelta(days=31))], "fallback[0].after", "at most 30 days"),
        ([step(until="read")], "fallback[0].until", "must be sent or delivered"),
        ([step(until="delivered")], "fallback[0].after", "how long may the report take?"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_written(ladder: Any, field: str, said: str) -> None:
    with pytest.raises(InvalidNotification) as raised:
        send_plain(fallback=ladder)
    assert raised.value.field == field
    assert said in raised.value.problem
    assert not Notification.objects.exists()
    assert not Task.objects.exists()


def test_a_channel_that_keeps_messages_carries_no_code() -> None:
    publish_template("login", channel="inbox", subject="Code", text="{{ code }}")
    with pytest.raises(InvalidNotification) as raised:
        send_code(fallback=[Fallback(channel="inbox", to="ada")])
    assert raised.value.field == "fallback[0].channel"
    assert "cannot carry secret_context" in raised.value.problem


def test_variables_must_fit_the_template_of_every_step() -> None:
    publish_template("login", subject="Dear {{ name }}", text="{{ code }}")
    with pytest.raises(InvalidNotification) as raised:
        send_plain(fallback=[step()])
    assert raised.value.field == "fallback[0].channel"
    assert "context.name: is required" in raised.value.problem


def test_a_recipient_without_an_address_for_a_step_is_named() -> None:
    save_recipient("user-17", sms=NUMBER)
    with pytest.raises(InvalidNotification) as raised:
        send_plain(to="user-17", channel="sms", fallback=["email"])
    assert raised.value.field == "fallback[0].to"
    assert "has no address for channel email" in raised.value.problem


def test_of_many_messages_the_one_is_named() -> None:
    messages = [
        Message(to=NUMBER, context={"code": "1"}, fallback=[step()]),
        Message(to=NUMBER, context={"code": "1"}, fallback=[step(to="x")]),
    ]
    with pytest.raises(InvalidNotification) as raised:
        notify_many("login", messages)
    assert raised.value.field == "messages[1].fallback[0].to"
    assert not LadderStep.objects.exists()


def test_an_order_cannot_be_kept_with_a_ladder(receiver: Receiver) -> None:
    endpoint = register_endpoint("merchant", receiver.url)
    publish_template("login", channel="webhook", text='{"code": {{ code }}}')
    with pytest.raises(InvalidNotification) as raised:
        notify("login", to=endpoint, context={"code": "1"}, order_key="k", fallback=[step()])
    assert raised.value.field == "order_key"


def test_the_versions_are_those_of_the_moment_of_asking() -> None:
    notification = send_plain(fallback=[step(after=MINUTE)])
    publish_template("login", subject="New", text="New {{ code }}")
    kept = notification.ladder_steps.get()
    assert kept.template_version.text == "By mail: {{ code }}."
    assert (kept.after, kept.until, kept.state) == (MINUTE, "sent", "waiting")


def test_the_same_key_with_another_ladder_is_a_conflict() -> None:
    first = send_plain(fallback=[step()], idempotency_key="k")
    assert send_plain(fallback=[step()], idempotency_key="k") == first
    assert LadderStep.objects.count() == 1
    for other in ([], [step(to="bea@example.com")], [step(after=MINUTE)]):
        with pytest.raises(IdempotencyConflict):
            send_plain(fallback=other, idempotency_key="k")


def test_many_ladders_are_stored_with_few_statements() -> None:
    for number in range(30):
        save_recipient(
            f"user-{number}", sms=f"+49151123456{number:02}", email=f"u{number}@a.example"
        )

    def send(first: int, count: int) -> int:
        messages = [
            Message(to=f"user-{number}", context={"code": "1"}, fallback=["email"])
            for number in range(first, first + count)
        ]
        with CaptureQueriesContext(connection) as queries:
            notify_many("login", messages, channel="sms")
        return len(queries)

    send(0, 1)  # compiles the templates
    assert send(1, 2) == send(3, 27)
    assert LadderStep.objects.count() == 30
