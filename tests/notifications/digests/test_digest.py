"""Digests (guarantee 15): one mail with all items, however often the window is closed."""

import threading
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from notifications.api import add_to_digest, publish_template
from notifications.digests.closing import close
from notifications.exceptions import InvalidNotification
from notifications.models import Digest, DigestItem, Notification, Template, TemplateVersion
from notifications.task_payloads import CLOSE_DIGEST
from tasks_core import Snooze, clock
from tasks_core.client.replay import replay
from tasks_core.models import DeadLetter, Task
from tasks_core.testing import run_due
from tests.support.mail_server import MailServer, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.guarantee(n=15)]

WINDOW = timedelta(minutes=10)


@pytest.fixture(autouse=True)
def comments(db: None) -> TemplateVersion:
    return publish_template(
        "comments",
        subject="{{ count }} comments",
        text="{% for item in items %}{{ item.who }};{% endfor %}",
    )


def add(who: str, **options: Any) -> Digest:
    arguments = {"to": "ada@example.com", "key": "comments", "window": WINDOW, **options}
    return add_to_digest("comments", item={"who": who}, **arguments)


def run_at(instant: datetime) -> None:
    with clock.frozen(instant):
        run_due()


def texts(mail_server: MailServer) -> list[str]:
    return sorted(text_of(mail) for mail in mail_server.messages)


def test_what_happens_within_the_window_goes_out_as_one_message(mail_server: MailServer) -> None:
    digests = {add(who).pk for who in ("Bea", "Cem", "Dov")}
    assert len(digests) == 1
    digest = Digest.objects.get()
    assert (digest.items_count, digest.closes_at - digest.opened_at) == (3, WINDOW)
    run_due()
    assert mail_server.messages == []
    run_at(digest.closes_at)
    [mail] = mail_server.messages
    assert (mail["Subject"], text_of(mail)) == ("3 comments", "Bea;Cem;Dov;")
    digest.refresh_from_db()
    assert (digest.state, digest.notification) == ("closed", Notification.objects.get())
    assert not DigestItem.objects.exists()


def test_what_happens_later_opens_the_next_window(mail_server: MailServer) -> None:
    first = add("Bea")
    run_at(first.closes_at)
    second = add("Cem")
    assert second.pk != first.pk
    run_at(second.closes_at + WINDOW)
    assert texts(mail_server) == ["Bea;", "Cem;"]


@pytest.mark.parametrize(
    "other", [{"to": "bob@example.com"}, {"key": "likes"}, {"category": "social"}, {"locale": "de"}]
)
def test_what_does_not_belong_together_is_told_apart(other: dict[str, Any]) -> None:
    assert add("Bea").pk != add("Cem", **other).pk


def test_upper_and_lower_case_of_an_address_are_one_receiver() -> None:
    assert (
        add("Bea").pk
        == add("Cem", to="Ada@Example.com").pk
        == add("Dov", to='"ada"@example.com').pk
    )


@pytest.mark.django_db(transaction=True)
def test_an_item_of_a_rolled_back_transaction_is_not_told(mail_server: MailServer) -> None:
    with transaction.atomic():
        add("nobody")
        transaction.set_rollback(True)
    assert (Digest.objects.count(), Task.objects.count()) == (0, 0)
    digest = add("Bea")
    with transaction.atomic():
        add("nobody")
        transaction.set_rollback(True)
    run_at(digest.closes_at)
    assert texts(mail_server) == ["Bea;"]


def test_closing_it_twice_sends_one_message(mail_server: MailServer) -> None:
    digest = add("Bea")
    add("Cem")
    assert [close(digest.pk) for _ in range(3)] == ["closed"] * 3
    run_at(digest.closes_at)
    assert texts(mail_server) == ["Bea;Cem;"]


@pytest.mark.django_db(transaction=True)
def test_closing_it_many_times_at_once_sends_one_message_with_all_items(
    mail_server: MailServer,
) -> None:
    digest = add("Bea")
    add("Cem")
    together = threading.Barrier(8)
    answers: list[str] = []

    def call() -> None:
        try:
            together.wait(20)
            answers.append(close(digest.pk))
        except Snooze:
            answers.append("busy")
        finally:
            connection.close()

    run_threads([threading.Thread(target=call) for _ in range(8)])
    assert "closed" in answers
    assert set(answers) <= {"closed", "busy"}
    run_at(digest.closes_at)
    assert texts(mail_server) == ["Bea;Cem;"]


@pytest.mark.django_db(transaction=True)
def test_items_that_arrive_while_windows_close_are_each_told_once(mail_server: MailServer) -> None:
    stop = threading.Event()
    errors: list[Exception] = []

    def adding(name: str) -> None:
        try:
            for number in range(40):
                add(f"{name}{number}")
        except Exception as error:
            errors.append(error)
            raise
        finally:
            connection.close()

    def closing() -> None:
        try:
            while not stop.is_set():
                for key in Digest.objects.filter(state="open").values_list("pk", flat=True):
                    try:
                        close(key)
                    except Snooze:
                        continue
        finally:
            connection.close()

    closers = [threading.Thread(target=closing) for _ in range(2)]
    adders = [threading.Thread(target=adding, args=(name,)) for name in "abc"]
    for thread in closers:
        thread.start()
    run_threads(adders)
    stop.set()
    for thread in closers:
        thread.join()
    assert errors == []
    assert Digest.objects.count() > 1
    with clock.frozen(clock.now() + 2 * WINDOW):
        run_due(max_tasks=100_000)
    told = [who for text in texts(mail_server) for who in text.split(";") if who]
    assert sorted(told) == sorted(f"{name}{number}" for name in "abc" for number in range(40))
    assert not DigestItem.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_window_waits_for_the_transaction_that_adds_to_it(mail_server: MailServer) -> None:
    digest = add("Bea")
    added, may_commit = threading.Event(), threading.Event()

    def call() -> None:
        try:
            with transaction.atomic():
                add("Cem")
                added.set()
                may_commit.wait(20)
        finally:
            connection.close()

    thread = threading.Thread(target=call)
    thread.start()
    assert added.wait(20)
    with pytest.raises(Snooze):
        close(digest.pk)
    may_commit.set()
    thread.join()
    run_at(digest.closes_at)
    assert texts(mail_server) == ["Bea;Cem;"]


def test_a_window_that_is_full_takes_no_more_and_loses_nothing(
    mail_server: MailServer, settings: Any
) -> None:
    settings.BELLRINGER = {**settings.BELLRINGER, "CONTEXT_LIMIT": 1_000}
    names_ = [f"{number:02}" + "x" * 200 for number in range(10)]
    last = [add(name) for name in names_][-1]
    assert Digest.objects.filter(state="full").count() >= 2
    run_at(last.closes_at)
    told = [who for text in texts(mail_server) for who in text.split(";") if who]
    assert sorted(told) == names_
    assert not Digest.objects.exclude(state="closed").exists()


def test_a_window_that_cannot_be_closed_keeps_its_items_for_a_replay(
    mail_server: MailServer,
) -> None:
    digest = add("Bea")
    Template.objects.filter(name="comments").update(current=None)
    run_at(digest.closes_at)
    digest.refresh_from_db()
    assert (digest.state, DigestItem.objects.count()) == ("failed", 1)
    assert "there is no template" in digest.reason
    publish_template(
        "comments", subject="New", text="{% for item in items %}{{ item.who }}{% endfor %}"
    )
    assert add("Cem").pk != digest.pk
    replay(DeadLetter.objects.get().pk)
    run_at(digest.closes_at)
    assert texts(mail_server) == ["Bea"]


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"key": ""}, "key: give one line of up to 200"),
        ({"window": timedelta(0)}, "window: give a timedelta"),
        ({"window": 600}, "window: give a timedelta"),
        ({"to": "nobody"}, "to: is not an address"),
        ({"category": "otp"}, "category: otp cannot wait"),
        ({"item": "text"}, "item: is a str; give a dict"),
        ({"item": {"name": "typo"}}, "item.*who"),
        ({"item": {"who": datetime(2036, 1, 1)}}, "item.who: is a datetime"),  # noqa: DTZ001
    ],
)
def test_a_wrong_argument_is_named_and_opens_no_window(wrong: dict[str, Any], problem: str) -> None:
    arguments: dict[str, Any] = {"to": "ada@example.com", "key": "k", "window": WINDOW}
    with pytest.raises(InvalidNotification, match=f"^{problem}"):
        add_to_digest("comments", **{**arguments, "item": {"who": "Bea"}, **wrong})
    assert not Digest.objects.exists()
    assert not Task.objects.filter(task_type=CLOSE_DIGEST).exists()


def run_threads(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
