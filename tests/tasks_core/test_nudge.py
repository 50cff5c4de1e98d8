"""One transaction wakes the dispatchers once."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from django.db import transaction

import tasks_core
from tests.tasks_core.life import plain_type

pytestmark = pytest.mark.usefixtures("transactional_db")


class OnPurpose(Exception):
    """Rolls a savepoint back."""


@pytest.fixture(autouse=True)
def known_type() -> None:
    plain_type()


def _rolled_back() -> None:
    with suppress(OnPurpose), transaction.atomic():
        tasks_core.enqueue("plain", {})
        raise OnPurpose


def test_many_tasks_of_a_transaction_nudge_once(heard: Callable[[], int]) -> None:
    with transaction.atomic():
        for _ in range(300):
            tasks_core.enqueue("plain", {})
        tasks_core.enqueue_many("plain", [{}] * 3)

    assert heard() == 1


def test_tasks_in_savepoints_nudge_once(heard: Callable[[], int]) -> None:
    with transaction.atomic():
        for _ in range(10):
            with transaction.atomic():
                tasks_core.enqueue("plain", {})

    assert heard() == 1


def test_nudge_of_a_savepoint_that_was_rolled_back_is_not_relied_upon(
    heard: Callable[[], int],
) -> None:
    with transaction.atomic():
        _rolled_back()
        with transaction.atomic():
            _rolled_back()
            tasks_core.enqueue("plain", {})
        _rolled_back()

    assert heard() == 1


def test_each_transaction_nudges(heard: Callable[[], int]) -> None:
    for _ in range(3):
        with transaction.atomic():
            tasks_core.enqueue("plain", {})
        tasks_core.enqueue("plain", {})

    assert heard() == 6


def test_transaction_that_is_rolled_back_does_not_nudge(heard: Callable[[], int]) -> None:
    with suppress(OnPurpose), transaction.atomic():
        tasks_core.enqueue("plain", {})
        raise OnPurpose

    assert heard() == 0
