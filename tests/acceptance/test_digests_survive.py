"""Digests with real processes: the worker that closes the windows is killed."""

from datetime import timedelta
from pathlib import Path

import pytest
import redis

from notifications.api import add_to_digest, publish_template
from notifications.models import DeliveryAttempt, Digest, Notification
from tests.acceptance.mailing import running_mailing
from tests.acceptance.processes import kill_tree
from tests.support.mail_server import MailServer, running_mail_server, text_of
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.guarantee(n=15)]

RECEIVERS = 20
ITEMS = 15
WINDOW = timedelta(seconds=3)


@pytest.mark.timeout(240)
def test_every_item_is_told_once_though_the_worker_is_killed(
    process_environment: dict[str, str], broker: "redis.Redis", tmp_path: Path
) -> None:
    publish_template(
        "comments",
        subject="{{ count }} comments",
        text="{% for item in items %}{{ item.who }};{% endfor %}",
    )
    with (
        running_mail_server() as mail_server,
        running_mailing(process_environment, tmp_path, mail_server) as processes,
    ):
        processes.start_beat()
        worker = processes.start_worker("first")
        add_items(first=0, count=5)
        wait_for_mails(mail_server, 5)
        add_items(first=5, count=5)
        kill_tree(worker)  # while it closes windows and sends what they held
        worker.wait(60)
        add_items(first=10, count=5)
        processes.start_worker("last")
        wait_until(is_all_sent, seconds=90)
        check(mail_server)


def add_items(first: int, count: int) -> None:
    for number in range(first, first + count):
        for receiver in range(RECEIVERS):
            add_to_digest(
                "comments",
                to=f"u{receiver}@example.com",
                item={"who": f"N{number}"},
                key="comments",
                window=WINDOW,
            )


def wait_for_mails(mail_server: MailServer, more: int) -> None:
    wanted = len(mail_server.messages) + more
    wait_until(lambda: len(mail_server.messages) >= wanted, seconds=60)


def is_all_sent() -> bool:
    return (
        not Digest.objects.exclude(state="closed").exists()
        and not Notification.objects.unfinished().exists()
    )


def check(mail_server: MailServer) -> None:
    """A message came twice only if the worker died before it could record it; it is the same then."""
    messages = {str(mail["Message-ID"]): mail for mail in mail_server.messages}
    told: dict[str, list[str]] = {}
    for mail in messages.values():
        told.setdefault(str(mail["To"]), []).extend(text_of(mail).strip(";").split(";"))
    everything = sorted(f"N{number}" for number in range(ITEMS))
    assert {to: sorted(items) for to, items in told.items()} == {
        f"u{receiver}@example.com": everything for receiver in range(RECEIVERS)
    }
    lost = DeliveryAttempt.objects.filter(outcome="ambiguous").count()
    assert len(mail_server.messages) - len(messages) <= lost
    assert len(messages) == Digest.objects.count() == Notification.objects.count()
