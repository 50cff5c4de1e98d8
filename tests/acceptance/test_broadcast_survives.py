"""A broadcast with real processes: workers and beats are killed in the middle of it."""

from collections import Counter

import pytest

from notifications.api import Receiver, broadcast_progress, create_broadcast, publish_template
from notifications.models import Broadcast, BroadcastChunk, DeliveryAttempt, Notification
from tests.acceptance.processes import Processes, kill_tree
from tests.support.mail_server import MailServer
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.guarantee(n=16)]

RECEIVERS = 1200


@pytest.mark.timeout(300)
def test_each_receiver_gets_one_notification_though_worker_and_beat_are_killed(
    mailing: Processes, mail_server: MailServer
) -> None:
    publish_template("news", subject="News", text="Dear {{ name }}, news.")
    people = (Receiver(to=f"u{i}@example.com", context={"name": f"N{i}"}) for i in range(RECEIVERS))
    create_broadcast("may", "news", people, chunk_size=20, in_flight=200)
    beat = mailing.start_beat()
    for number in (1, 2):
        worker = mailing.start_worker(f"worker-{number}")
        wait_for_mails(mail_server, 150)
        assert BroadcastChunk.objects.filter(state="waiting").exists()  # it is in the middle
        kill_tree(worker)
        kill_tree(beat)
        worker.wait(60)
        beat.wait(60)
        beat = mailing.start_beat(f"beat-{number}")
    mailing.start_worker("last")
    wait_until(lambda: Broadcast.objects.get().state == "finished", seconds=150)

    progress = broadcast_progress("may")
    assert (progress.total, progress.waiting, progress.rejected) == (RECEIVERS, 0, 0)
    assert progress.notifications["sent"] == RECEIVERS
    assert Notification.objects.values("address").distinct().count() == RECEIVERS
    check_mails(mail_server)


def wait_for_mails(mail_server: MailServer, more: int) -> None:
    wanted = len(mail_server.messages) + more
    wait_until(lambda: len(mail_server.messages) >= wanted, seconds=60)


def check_mails(mail_server: MailServer) -> None:
    """A mail came twice only where an attempt says so: the worker died before it could record it."""
    received = Counter(str(mail["To"]) for mail in mail_server.messages)
    assert set(received) == {f"u{i}@example.com" for i in range(RECEIVERS)}
    identities = {str(mail["Message-ID"]) for mail in mail_server.messages}
    assert len(identities) == RECEIVERS  # a repetition can be told as one
    lost = DeliveryAttempt.objects.filter(outcome="ambiguous")
    repeated = {address for address, count in received.items() if count > 1}
    assert repeated <= set(lost.values_list("delivery__address", flat=True))
