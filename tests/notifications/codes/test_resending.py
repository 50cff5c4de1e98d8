"""Guarantee 3 (g): the same code again, without a longer life."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connections

from notifications.api import cancel, forget_code, notify, publish_template, resend
from notifications.exceptions import InvalidNotification, LimitExceeded, ResendRefused
from notifications.models import KeptCode, Notification, Provider, TemplateVersion
from notifications.sending.pipeline.kept_codes import forget_expired
from tasks_core import clock
from tasks_core.testing import run_due
from tests.notifications.codes.test_one_time_codes import CODE, send_code, whole_database
from tests.notifications.sending.conftest import NUMBER, add_gateway
from tests.support.mail_server import MailServer, text_of
from tests.support.receiver import Receiver, Reply

pytestmark = [pytest.mark.django_db, pytest.mark.guarantee(n=3)]

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)
SOON = NOW + timedelta(seconds=40)
LIFE = {"expires_at": NOW + timedelta(minutes=5)}


def send(**options: Any) -> Notification:
    with clock.frozen(NOW):
        notification = send_code(resends=2, **{**LIFE, **options})
        run_due()
    return notification


def test_the_same_code_arrives_again_and_expires_when_the_first_does(
    code_template: TemplateVersion, mail_server: MailServer
) -> None:
    first = send()
    with clock.frozen(SOON):
        again = resend(first)
        run_due()
    assert [text_of(mail) for mail in mail_server.messages] == [
        f"Hello Ada, your code is {CODE}."
    ] * 2
    again.refresh_from_db()
    assert again.pk != first.pk
    assert again.resend_of == first
    assert again.expires_at == first.expires_at
    assert (again.state, again.critical, again.secret_context) == ("sent", True, "")


def test_the_code_is_kept_sealed_only_while_it_is_valid(
    code_template: TemplateVersion, mail_server: MailServer
) -> None:
    first = send()
    first.refresh_from_db()
    assert first.secret_context == ""
    assert KeptCode.objects.count() == 1
    assert CODE not in whole_database()
    with clock.frozen(NOW + timedelta(minutes=6)):
        with pytest.raises(ResendRefused, match="expired"):
            resend(first)
        assert forget_expired() == 1
        assert forget_expired() == 0
    assert not KeptCode.objects.exists()


def test_it_is_not_sent_again_too_soon_nor_too_often(
    code_template: TemplateVersion, mail_server: MailServer
) -> None:
    first = send()
    with clock.frozen(NOW + timedelta(seconds=10)), pytest.raises(ResendRefused) as refused:
        resend(first)
    assert refused.value.again_at == NOW + timedelta(seconds=30)
    with clock.frozen(SOON):
        second = resend(first)
        with pytest.raises(ResendRefused, match="sent just now"):
            resend(first)
    with clock.frozen(SOON + timedelta(seconds=40)):
        resend(second)
    with clock.frozen(SOON + timedelta(seconds=80)), pytest.raises(ResendRefused, match="as often"):
        resend(first)


def test_it_counts_against_the_limits(
    code_template: TemplateVersion, mail_server: MailServer, allow_loopback: dict[str, Any]
) -> None:
    allow_loopback["OTP_RECIPIENT_LIMITS"] = ["1/1h"]
    first = send()
    with clock.frozen(SOON):
        with pytest.raises(LimitExceeded):
            resend(first)
        # Refused, so it was not used up either.
        assert KeptCode.objects.get().resends_left == 2


def test_it_can_go_by_another_channel(
    code_template: TemplateVersion, mail_server: MailServer, receiver: Receiver
) -> None:
    publish_template("one-time-code", channel="sms", text="{{ name }}: {{ code }}")
    add_gateway(receiver)
    first = send()
    with clock.frozen(SOON):
        again = resend(first, to=NUMBER, requester="203.0.113.9")
    assert (again.channel, again.address) == ("sms", NUMBER)
    assert again.expires_at == first.expires_at


def test_what_waits_for_the_same_address_is_replaced_in_any_spelling(
    code_template: TemplateVersion, mail_server: MailServer
) -> None:
    mail_server.replies.append("451 try later")
    first = send()
    assert first.state == "in_progress"
    with clock.frozen(SOON):
        resend(first, to="ADA@example.com")
    first.refresh_from_db()
    assert first.state == "cancelled"


@pytest.mark.parametrize("how", ["used", "cancelled", "superseded"])
def test_a_code_that_is_no_longer_good_is_not_sent_again(
    code_template: TemplateVersion, mail_server: MailServer, how: str
) -> None:
    first = send(supersede_key="login")
    with clock.frozen(SOON):
        if how == "used":
            assert forget_code(first.pk)
            assert not forget_code(first.pk)
        elif how == "cancelled":
            cancel(first.pk, reason="logged in")
        else:
            send_code(supersede_key="login", **LIFE)
        assert not KeptCode.objects.exists()
        with pytest.raises(ResendRefused, match="no code is kept"):
            resend(first)


def test_sending_again_does_not_supersede_the_code_itself(
    code_template: TemplateVersion, mail_server: MailServer
) -> None:
    first = send(supersede_key="login")
    with clock.frozen(SOON):
        again = resend(first)
    with clock.frozen(SOON + timedelta(seconds=40)):
        resend(again)
    assert KeptCode.objects.get().notification == first


def test_what_still_waits_at_the_same_address_is_replaced(
    code_template: TemplateVersion, mail_server: MailServer
) -> None:
    mail_server.refusals.append("451 later")
    first = send()
    with clock.frozen(SOON):
        resend(first)
        run_due()
    first.refresh_from_db()
    assert (first.state, first.reason) == ("cancelled", "sent again by a newer notification")
    assert len(mail_server.messages) == 1


def test_without_resends_nothing_is_kept(
    code_template: TemplateVersion, mail_server: MailServer
) -> None:
    notification = send_code()
    assert not KeptCode.objects.exists()
    with pytest.raises(ResendRefused, match="resends were not asked for"):
        resend(notification)


@pytest.mark.parametrize("options", [{"resends": 11}, {"resends": -1}, {"resends": True}])
def test_a_wrong_number_of_resends_is_refused(
    code_template: TemplateVersion, options: dict[str, Any]
) -> None:
    with pytest.raises(InvalidNotification, match="resends: give a whole number from 0 to 10"):
        send_code(**options)


def test_resends_need_a_secret_that_expires(receipt: TemplateVersion) -> None:
    context = {"number": 1, "name": "Ada", "amount": "1"}
    with pytest.raises(InvalidNotification, match="resends: needs expires_at and secret_context"):
        notify("receipt", to="ada@example.com", context=context, resends=1)


@pytest.mark.django_db(transaction=True)
def test_of_ten_clicks_at_once_one_sends(code_template: TemplateVersion) -> None:
    first = send_code(resends=5)
    KeptCode.objects.update(last_sent_at=clock.now() - timedelta(minutes=1))
    start = threading.Barrier(10)

    def click(_: int) -> bool:
        try:
            start.wait(20)
            resend(first.pk)
        except ResendRefused:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(10) as pool:
        assert sum(pool.map(click, range(10))) == 1
    assert Notification.objects.filter(resend_of=first).count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_code_by_sms_that_failed_can_go_by_mail(
    code_template: TemplateVersion, mail_server: MailServer, receiver: Receiver
) -> None:
    publish_template("one-time-code", channel="sms", text="{{ name }}: {{ code }}")
    add_gateway(receiver)
    receiver.plan(Reply(400, body=b'{"code": 21211}'))
    first = notify(
        "one-time-code",
        to=NUMBER,
        context={"name": "Ada"},
        secret_context={"code": CODE},
        category="otp",
        expires_at=clock.now() + timedelta(minutes=5),
        resends=1,
    )
    run_due()
    first.refresh_from_db()
    assert (first.state, first.secret_context) == ("failed", "")
    with clock.frozen(clock.now() + timedelta(seconds=40)):
        resend(first, to="ada@example.com")
        run_due()
    [mail] = mail_server.messages
    assert CODE in text_of(mail)
    assert CODE not in whole_database()
    assert Provider.objects.count() == 1
