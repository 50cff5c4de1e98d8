"""Guarantee 8, idempotency keys: one key and one content, one notification, whoever calls and how often.

How long keys are kept is tested in ``test_retention``.
"""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, transaction

from notifications.api import notify
from notifications.exceptions import IdempotencyConflict
from notifications.models import Notification, TemplateVersion
from tasks_core.models import Task
from tasks_core.testing import run_due
from tests.support.mail_server import MailServer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.guarantee(n=8)]

GOOD: dict[str, Any] = {"number": 7, "name": "Ada", "amount": "12.5"}
CALLERS = 50


def send(**context: Any) -> Notification:
    content = {**GOOD, **context}
    return notify("receipt", to="ada@example.com", context=content, idempotency_key="order-7")


def called_together(numbers: list[int]) -> list[int | None]:
    """Call once for each number, all at the same time; give the ids, None for a conflict."""
    together = threading.Barrier(len(numbers))

    def call(number: int) -> int | None:
        together.wait(30)
        try:
            return send(number=number).pk
        except IdempotencyConflict:
            return None
        finally:
            connection.close()

    with ThreadPoolExecutor(len(numbers)) as threads:
        return list(threads.map(call, numbers))


def test_point_8_fifty_callers_with_one_key_make_one_row_and_one_mail(
    receipt: TemplateVersion, mail_server: MailServer
) -> None:
    ids = called_together([7] * CALLERS)
    assert ids == [Notification.objects.get().pk] * CALLERS
    assert Task.objects.count() == 1
    run_due()
    assert len(mail_server.messages) == 1


def test_point_8_of_two_contents_one_wins_and_the_callers_of_the_other_get_an_error(
    receipt: TemplateVersion,
) -> None:
    numbers = [7, 8] * (CALLERS // 2)
    ids = called_together(numbers)
    won = Notification.objects.get()
    expected = [won.pk if number == won.context["number"] else None for number in numbers]
    assert ids == expected


def test_point_8_a_rolled_back_transaction_leaves_no_row_and_the_key_free(
    receipt: TemplateVersion,
) -> None:
    with transaction.atomic():
        send()
        transaction.set_rollback(True)
    assert (Notification.objects.count(), Task.objects.count()) == (0, 0)
    assert send(number=8).context["number"] == 8


def test_point_8_a_caller_waits_for_another_transaction_and_takes_over_if_it_rolls_back(
    receipt: TemplateVersion,
) -> None:
    stored, go_on = threading.Event(), threading.Event()

    def store_and_roll_back() -> None:
        try:
            with transaction.atomic():
                send()
                stored.set()
                go_on.wait(20)
                transaction.set_rollback(True)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(store_and_roll_back)
        assert stored.wait(20)
        second = threads.submit(called_together, [8])
        go_on.set()
        first.result(20)
        [made] = second.result(20)
    assert [row.pk for row in Notification.objects.all()] == [made]
    assert Notification.objects.get().context["number"] == 8


def test_point_8_the_same_key_with_other_content_says_what_to_do(
    receipt: TemplateVersion,
) -> None:
    send()
    with pytest.raises(IdempotencyConflict, match="use a new key for a new message"):
        send(number=8)
    assert Notification.objects.count() == 1
