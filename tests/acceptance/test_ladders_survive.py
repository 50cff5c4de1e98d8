"""Point 17 with real processes: the worker is killed between the failure of a step and the next."""

from datetime import timedelta
from pathlib import Path

import pytest
import redis
from pytest_django import Settings

from notifications.api import Fallback, Message, notify_many, publish_template, register_provider
from notifications.models import Delivery, DeliveryAttempt, LadderStep, Notification
from tasks_core import clock
from tests.acceptance.mailing import LOOPBACK, running_mailing
from tests.acceptance.processes import kill_tree
from tests.notifications.sending.conftest import SID, TOKEN
from tests.support.mail_server import MailServer, running_mail_server, text_of
from tests.support.receiver import Receiver, Reply, running_receiver
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.guarantee(n=17)]

COUNT = 40
REFUSED = Reply(400, body=b'{"code": 21211, "message": "no such number"}')


@pytest.mark.timeout(300)
def test_exactly_one_mail_follows_each_refused_sms_though_the_worker_is_killed(
    process_environment: dict[str, str],
    broker: "redis.Redis",
    tmp_path: Path,
    settings: Settings,
) -> None:
    settings.BELLRINGER = {
        **settings.BELLRINGER,
        "OUTGOING_HTTPS_ONLY": False,
        "OUTGOING_ALLOWED_NETWORKS": ["127.0.0.0/8"],
    }
    with (
        running_mail_server() as mail_server,
        running_receiver() as gateway,
        running_mailing({**process_environment, **LOOPBACK}, tmp_path, mail_server) as processes,
    ):
        prepare(gateway)
        processes.start_beat()
        worker = processes.start_worker("first")
        sent = send_codes()
        wait_until(has_failed_before_its_mail, seconds=60, what="a step between two")
        kill_tree(worker)
        worker.wait(60)
        assert Notification.objects.unfinished().exists()
        processes.start_worker("last")
        wait_until(lambda: not Notification.objects.unfinished().exists(), seconds=120)
        check(mail_server, sent)


def prepare(gateway: Receiver) -> None:
    gateway.plan(*[REFUSED] * (4 * COUNT))
    publish_template("login", channel="sms", text="{{ code }} is your code.")
    publish_template("login", subject="Your code", text="{{ code }}")
    register_provider(
        "sms-main",
        channel="sms",
        kind="twilio",
        credentials={"account_sid": SID, "auth_token": TOKEN},
        options={"sender": "+4930123456"},
        base_url=gateway.url.removesuffix("/hook"),
    )


def send_codes() -> dict[str, str]:
    codes = {f"u{number}@example.com": f"{number:06}" for number in range(COUNT)}
    messages = [
        Message(
            to=f"+491511234{number:04}",
            secret_context={"code": code},
            expires_at=clock.now() + timedelta(minutes=10),
            fallback=[Fallback(channel="email", to=to)],
        )
        for number, (to, code) in enumerate(codes.items())
    ]
    notify_many("login", messages, category="otp")
    return codes


def has_failed_before_its_mail() -> bool:
    """Some SMS have failed and their mails have not gone out."""
    mails = Delivery.objects.filter(channel="email", state__in=("sent", "sending")).count()
    failed = Delivery.objects.filter(channel="sms", state="failed").count()
    return failed - mails >= 3


def check(mail_server: MailServer, sent: dict[str, str]) -> None:
    """A mail came twice only if the worker died before it could record it; it is the same then."""
    mails = {str(mail["Message-ID"]): mail for mail in mail_server.messages}
    assert sorted((str(mail["To"]), text_of(mail)) for mail in mails.values()) == sorted(
        sent.items()
    )
    lost = DeliveryAttempt.objects.filter(outcome="ambiguous", delivery__channel="email").count()
    assert len(mail_server.messages) - len(mails) <= lost
    assert Delivery.objects.filter(channel="email", state="sent").count() == COUNT
    assert Delivery.objects.count() == 2 * COUNT
    assert LadderStep.objects.filter(state="begun").count() == COUNT
    assert not Notification.objects.exclude(state="sent").exists()
    assert not Notification.objects.exclude(secret_context="").exists()
