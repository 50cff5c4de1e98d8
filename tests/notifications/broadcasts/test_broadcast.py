"""Broadcasts (guarantee 16), from the audience to a real mail server."""

import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from notifications.api import (
    Receiver,
    broadcast_progress,
    cancel_broadcast,
    create_broadcast,
    fill_broadcast,
    pause_broadcast,
    publish_template,
    register_endpoint,
    resume_broadcast,
)
from notifications.broadcasts.schedule_chunks import AHEAD
from notifications.broadcasts.send_chunk import send_chunk
from notifications.broadcasts.upkeep import advance_broadcasts, remove_leftovers
from notifications.exceptions import (
    BroadcastNotFound,
    InvalidBroadcast,
    InvalidNotification,
    UnknownTemplate,
)
from notifications.models import (
    Broadcast,
    BroadcastChunk,
    BroadcastReceiver,
    Notification,
    TemplateVersion,
)
from notifications.models.endpoint import Endpoint
from notifications.task_payloads import SEND_CHUNK
from tasks_core import clock
from tasks_core.client import control
from tasks_core.models import Task
from tasks_core.testing import run_due
from tests.notifications.broadcasts.conftest import run_all, state_of
from tests.support.mail_server import MailServer, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.guarantee(n=16)]


def people(count: int, first: int = 0) -> list[Receiver]:
    return [
        Receiver(to=f"u{i}@example.com", context={"name": f"N{i}"})
        for i in range(first, first + count)
    ]


def received(mail_server: MailServer) -> Counter[str]:
    return Counter(str(mail["To"]) for mail in mail_server.messages)


def chunks(state: str) -> int:
    return BroadcastChunk.objects.filter(state=state).count()


def test_every_receiver_gets_one_message_with_its_own_variables(
    news: TemplateVersion, mail_server: MailServer
) -> None:
    create_broadcast("may", "news", people(25), chunk_size=10)
    run_all()
    assert received(mail_server) == {f"u{i}@example.com": 1 for i in range(25)}
    assert "Dear N7, news." in {text_of(mail) for mail in mail_server.messages}
    broadcast = Broadcast.objects.get()
    assert (broadcast.state, broadcast.handed_over, broadcast.chunks_made) == ("finished", 25, 3)
    progress = broadcast_progress("may")
    assert (progress.total, progress.waiting, progress.ended) == (25, 0, 25)
    assert progress.notifications["sent"] == 25
    assert not BroadcastReceiver.objects.exists()  # their data is in the notifications alone


def test_an_address_that_comes_twice_gets_one_message(
    news: TemplateVersion, mail_server: MailServer
) -> None:
    twice = [*people(12), *people(12), Receiver(to="U3@EXAMPLE.com", context={"name": "N"})]
    create_broadcast("may", "news", twice, chunk_size=5)
    run_all()
    assert received(mail_server) == {f"u{i}@example.com": 1 for i in range(12)}
    progress = broadcast_progress("may")
    assert (progress.total, progress.duplicates) == (12, 13)


def test_receivers_get_the_message_in_their_language(mail_server: MailServer) -> None:
    publish_template("news", subject="News", text="News.")
    publish_template("news", subject="Neues", text="Neues.", locale="de")
    audience = [Receiver(to="a@example.com"), Receiver(to="b@example.com", locale="de-at")]
    create_broadcast("may", "news", audience)
    publish_template("news", subject="Changed", text="Changed.")  # too late: versions are pinned
    run_all()
    assert {str(mail["To"]): mail["Subject"] for mail in mail_server.messages} == {
        "a@example.com": "News",
        "b@example.com": "Neues",
    }


def test_a_queryset_of_addresses_is_an_audience(
    receipt: TemplateVersion, mail_server: MailServer
) -> None:
    publish_template("plain", subject="News", text="News.")
    create_broadcast("first", "plain", [f"u{i}@example.com" for i in range(7)])
    run_all()
    again = Notification.objects.values_list("address", flat=True)
    create_broadcast("second", "plain", again)
    run_all()
    assert set(received(mail_server).values()) == {2}


@pytest.mark.django_db(transaction=True)
def test_endpoints_are_an_audience(paid: TemplateVersion, endpoint: Endpoint) -> None:
    publish_template("hook.news", channel="webhook", text='{"type": "news"}')
    other = register_endpoint("other", endpoint.url + "other")
    create_broadcast("may", "hook.news", [endpoint, other, endpoint.url], channel="webhook")
    run_all()
    assert (state_of("may"), broadcast_progress("may").notifications["sent"]) == ("finished", 2)


def test_a_wrong_entry_is_named_and_filling_goes_on_where_it_stopped(
    news: TemplateVersion, mail_server: MailServer
) -> None:
    audience = people(25)
    wrong = [*audience[:17], Receiver(to="nobody", context={"name": "N"}), *audience[17:]]
    with pytest.raises(InvalidBroadcast, match=r"^audience\[17\]: to: is not a mail address"):
        create_broadcast("may", "news", wrong, chunk_size=10)
    assert (state_of("may"), run_due()) == ("snapshotting", 0)
    fill_broadcast("may", audience)
    run_all()
    assert received(mail_server) == {f"u{i}@example.com": 1 for i in range(25)}


def test_wrong_entries_can_be_kept_apart(news: TemplateVersion, mail_server: MailServer) -> None:
    wrong: list[Receiver | str] = [
        "nobody",
        "no\x00body",
        "\ud800",
        Receiver(to="u1@example.com", context={"nome": "typo"}),
    ]
    wrong.extend(people(3))
    create_broadcast("may", "news", wrong, skip_invalid=True)
    run_all()
    progress = broadcast_progress("may")
    assert (progress.total, progress.rejected, progress.ended) == (7, 4, 7)
    problems = BroadcastReceiver.objects.order_by("pk").values_list("problem", flat=True)
    assert [problem.partition(":")[0] for problem in problems] == [
        *["to"] * 3,
        "context.name",
    ]
    assert received(mail_server) == {f"u{i}@example.com": 1 for i in range(3)}


def test_only_a_few_chunks_have_a_task_at_any_time(
    news: TemplateVersion, mail_server: MailServer
) -> None:
    create_broadcast("may", "news", people(100), chunk_size=2, in_flight=1000)
    while chunks("waiting"):
        assert chunks("planned") <= AHEAD
        assert Task.objects.unfinished().filter(task_type=SEND_CHUNK).count() <= AHEAD
        assert run_due(max_tasks=1)
    run_all()
    assert sum(received(mail_server).values()) == 100


def test_no_more_is_handed_over_than_may_be_in_flight(news: TemplateVersion) -> None:
    create_broadcast("may", "news", people(100), chunk_size=5, in_flight=10)
    for task in Task.objects.filter(task_type=SEND_CHUNK):
        send_chunk(task.payload["chunk"], task.pk)
    for _ in range(5):
        advance_broadcasts()
    unsent = Notification.objects.unfinished().count()
    assert unsent + 5 * chunks("planned") == 10


def test_a_rate_plans_the_chunks_one_after_the_other(news: TemplateVersion) -> None:
    now = datetime(2036, 5, 1, 9, tzinfo=UTC)
    with clock.frozen(now):
        broadcast = create_broadcast("may", "news", people(200), rate=10)
        assert broadcast.chunk_size == 50
        planned = Task.objects.filter(task_type=SEND_CHUNK).order_by("run_after")
        offsets = [(task.run_after - now).total_seconds() for task in planned]
        assert offsets == [0.0, 5.0, 10.0]


def test_a_rate_holds_after_an_outage_too(news: TemplateVersion) -> None:
    now = datetime(2036, 5, 1, 9, tzinfo=UTC)
    with clock.frozen(now):
        create_broadcast("may", "news", people(500), rate=10)
    later = now + timedelta(hours=1)
    with clock.frozen(later):
        run_due(max_tasks=100_000)
        advance_broadcasts()
        run_due(max_tasks=100_000)
        # The chunks that had a task were late; no other is sooner for that.
        assert Notification.objects.count() <= 50 * (AHEAD + 1)


def test_a_pause_stops_it_and_a_resume_goes_on(
    news: TemplateVersion, mail_server: MailServer
) -> None:
    create_broadcast("may", "news", people(30), chunk_size=5, in_flight=10)
    assert run_due(max_tasks=1) == 1
    assert pause_broadcast("may", reason="a typo?")
    assert not pause_broadcast("may")
    run_all()
    sent = sum(received(mail_server).values())
    assert sent == Notification.objects.count() <= 10
    assert (state_of("may"), chunks("planned")) == ("paused", 0)
    assert resume_broadcast("may")
    assert not resume_broadcast("may")
    run_all()
    assert received(mail_server) == {f"u{i}@example.com": 1 for i in range(30)}
    assert state_of("may") == "finished"


def test_a_held_broadcast_waits_to_be_resumed(
    news: TemplateVersion, mail_server: MailServer
) -> None:
    create_broadcast("may", "news", people(3), hold=True)
    run_all()
    assert (state_of("may"), mail_server.messages) == ("paused", [])
    resume_broadcast("may")
    run_all()
    assert len(mail_server.messages) == 3


def test_a_cancelled_broadcast_takes_back_what_is_unsent(
    news: TemplateVersion, mail_server: MailServer
) -> None:
    create_broadcast("may", "news", people(30), chunk_size=5, in_flight=10)
    run_due(max_tasks=1)
    assert cancel_broadcast("may", reason="wrong price")
    assert not cancel_broadcast("may")
    assert not resume_broadcast("may")
    run_all()
    assert mail_server.messages == []
    progress = broadcast_progress("may")
    assert (progress.notifications["cancelled"], progress.waiting) == (5, 25)
    assert Notification.objects.first().reason == "wrong price"  # type: ignore[union-attr]
    while remove_leftovers():
        pass
    assert not BroadcastReceiver.objects.exists()


def test_an_expired_broadcast_sends_nothing_more(
    news: TemplateVersion, mail_server: MailServer
) -> None:
    until = clock.now() + timedelta(hours=1)
    create_broadcast("may", "news", people(30), chunk_size=5, expires_at=until, hold=True)
    resume_broadcast("may")
    with clock.frozen(until + timedelta(seconds=1)):
        run_all()
    assert (state_of("may"), mail_server.messages) == ("cancelled", [])


def test_a_chunk_handed_over_twice_makes_no_second_notification(news: TemplateVersion) -> None:
    create_broadcast("may", "news", people(5))
    task = Task.objects.get(task_type=SEND_CHUNK)
    chunk = BroadcastChunk.objects.get()
    assert send_chunk(chunk.pk, task.pk + 1) == "planned"  # a task it was not planned for
    assert [send_chunk(chunk.pk, task.pk) for _ in range(3)] == ["handed_over"] * 3
    assert Notification.objects.count() == Broadcast.objects.get().handed_over == 5


@pytest.mark.django_db(transaction=True)
def test_a_chunk_handed_over_by_many_at_once_is_handed_over_once(news: TemplateVersion) -> None:
    create_broadcast("may", "news", people(50))
    task = Task.objects.get(task_type=SEND_CHUNK)
    chunk = BroadcastChunk.objects.get()
    answers: list[str] = []
    together = threading.Barrier(8)

    def call() -> None:
        try:
            together.wait()
            answers.append(send_chunk(chunk.pk, task.pk))
        finally:
            connection.close()

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == ["handed_over"] * 8
    assert Notification.objects.count() == Broadcast.objects.get().handed_over == 50


@pytest.mark.django_db(transaction=True)
def test_two_that_fill_one_broadcast_store_each_address_once(
    news: TemplateVersion, mail_server: MailServer
) -> None:
    create_broadcast("may", "news", chunk_size=7)
    both_began = threading.Barrier(2)
    errors: list[Exception] = []

    def audience() -> Iterator[Receiver]:
        for position, one in enumerate(people(40)):
            if position == 10:
                both_began.wait(20)
            yield one

    def fill() -> None:
        try:
            fill_broadcast("may", audience())
        except InvalidBroadcast as error:  # the other one was through
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=fill) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(errors) <= 1
    run_all()
    assert received(mail_server) == {f"u{i}@example.com": 1 for i in range(40)}


def test_a_chunk_whose_task_fails_pauses_the_broadcast_and_is_tried_again(
    news: TemplateVersion, mail_server: MailServer
) -> None:
    create_broadcast("may", "news", people(5))
    control.cancel(Task.objects.get(task_type=SEND_CHUNK).pk, reason="by mistake")
    broadcast = Broadcast.objects.get()
    assert (broadcast.state, chunks("waiting")) == ("paused", 1)
    assert broadcast.reason.startswith("chunk 1: ")
    resume_broadcast("may")
    run_all()
    assert len(mail_server.messages) == 5


def test_a_receiver_that_went_wrong_since_the_snapshot_stops_no_other(
    news: TemplateVersion, mail_server: MailServer
) -> None:
    create_broadcast("may", "news", people(5), hold=True)
    BroadcastReceiver.objects.filter(address="u2@example.com").update(context={})
    resume_broadcast("may")
    run_all()
    progress = broadcast_progress("may")
    assert (state_of("may"), progress.rejected, len(mail_server.messages)) == ("finished", 1, 4)
    assert "name" in BroadcastReceiver.objects.get().problem


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"rate": 0}, "rate: must be more than 0"),
        ({"rate": float("inf")}, "rate: must be more than 0"),
        ({"in_flight": 0}, "in_flight: must be from 1 to"),
        ({"chunk_size": 1001}, "chunk_size: must be from 1 to 1,000"),
        ({"name": ""}, "name: give one line of up to 150"),
        ({"name": "a\nb"}, "name: give one line of up to 150"),
        ({"category": "otp"}, "category: otp is for one receiver each"),
        ({"expires_at": datetime(2020, 1, 1, tzinfo=UTC)}, "expires_at: must be later"),
        ({"expires_at": datetime(2036, 1, 1)}, r"expires_at: \(.*\) has no time zone"),  # noqa: DTZ001
        ({"channel": "pigeon"}, "channel: there is none of this name"),
    ],
)
def test_a_wrong_argument_is_named_and_makes_no_broadcast(
    news: TemplateVersion, wrong: dict[str, object], problem: str
) -> None:
    with pytest.raises((InvalidBroadcast, InvalidNotification), match=problem):
        create_broadcast(**{"name": "may", "template": "news", **wrong})  # type: ignore[arg-type]
    assert not Broadcast.objects.exists()


def test_an_unknown_template_or_broadcast_is_refused(news: TemplateVersion) -> None:
    with pytest.raises(UnknownTemplate):
        create_broadcast("may", "nwes", people(1))
    with pytest.raises(BroadcastNotFound, match="list_broadcasts shows them"):
        pause_broadcast("june")


def test_a_name_is_used_once_and_a_full_broadcast_is_not_filled_again(
    news: TemplateVersion,
) -> None:
    create_broadcast("may", "news", people(1))
    with pytest.raises(InvalidBroadcast, match="belongs to another broadcast"):
        create_broadcast("may", "news", people(1))
    with pytest.raises(InvalidBroadcast, match="its audience is complete already"):
        fill_broadcast("may", people(1))


def test_an_entry_of_a_wrong_type_is_named(news: TemplateVersion) -> None:
    with pytest.raises(InvalidBroadcast, match=r"audience\[1\]: is a int; give a Receiver"):
        create_broadcast("may", "news", [people(1)[0], 5])  # type: ignore[list-item]
