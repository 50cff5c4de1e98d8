"""One key, one task: however many ask for it at once."""

import pytest
from django.db import transaction

import tasks_core
from tasks_core.engine.states import State
from tasks_core.models import Task
from tests.support.life import bring_to, plain_type
from tests.support.threads import Rival, at_once

pytestmark = pytest.mark.usefixtures("transactional_db")


@pytest.fixture(autouse=True)
def known_types() -> None:
    plain_type()
    plain_type("other")


def test_fifty_callers_with_one_key_make_one_task() -> None:
    ids = at_once(50, lambda n: tasks_core.enqueue("plain", {"n": n}, idempotency_key="one").pk)

    assert len(set(ids)) == 1
    assert Task.objects.count() == 1


def test_fifty_callers_in_bulk_with_the_same_keys_make_each_task_once() -> None:
    keys = [f"k{n}" for n in range(20)]

    found = at_once(
        50, lambda _: tasks_core.enqueue_many("plain", [{}] * 20, idempotency_keys=keys)
    )

    assert len({tuple(ids) for ids in found}) == 1
    assert Task.objects.count() == 20


def test_second_caller_gets_the_first_task_as_it_is() -> None:
    first = tasks_core.enqueue("plain", {"n": 1}, idempotency_key="k")

    second = tasks_core.enqueue("plain", {"n": 2}, idempotency_key="k")

    assert (second.pk, second.payload) == (first.pk, {"n": 1})


def test_key_counts_within_its_task_type() -> None:
    first = tasks_core.enqueue("plain", {}, idempotency_key="k")

    assert tasks_core.enqueue("other", {}, idempotency_key="k").pk != first.pk


def test_rolled_back_transaction_frees_its_key() -> None:
    with transaction.atomic():
        tasks_core.enqueue("plain", {}, idempotency_key="k")
        transaction.set_rollback(True)

    assert not Task.objects.exists()
    tasks_core.enqueue("plain", {}, idempotency_key="k")
    assert Task.objects.count() == 1


def test_caller_waits_for_a_transaction_that_holds_the_key_and_takes_it_after_a_roll_back() -> None:
    with transaction.atomic():
        lost = tasks_core.enqueue("plain", {"by": "first"}, idempotency_key="k")
        rival = Rival(lambda: tasks_core.enqueue("plain", {"by": "second"}, idempotency_key="k").pk)
        rival.wait_until_held_up_or_done()
        transaction.set_rollback(True)

    assert rival.result() != lost.pk
    assert Task.objects.get().payload == {"by": "second"}


def test_caller_waits_for_a_transaction_that_holds_the_key_and_gets_its_task() -> None:
    with transaction.atomic():
        task = tasks_core.enqueue("plain", {}, idempotency_key="k")
        rival = Rival(lambda: tasks_core.enqueue("plain", {}, idempotency_key="k").pk)
        rival.wait_until_held_up_or_done()

    assert rival.result() == task.pk


@pytest.mark.parametrize("final", [State.SUCCEEDED, State.DEAD, State.CANCELLED, State.EXPIRED])
def test_finished_task_keeps_its_key(final: State) -> None:
    task_id = bring_to(final, idempotency_key="k")

    assert tasks_core.enqueue("plain", {}, idempotency_key="k").pk == task_id


def test_handler_is_given_the_key_of_the_caller_or_one_that_stays_the_same() -> None:
    given: list[str] = []

    @tasks_core.task_type("keyed", retry=tasks_core.Fixed(initial=0, max_attempts=2))
    def keyed(payload: dict[str, object], context: tasks_core.TaskContext) -> None:
        given.append(context.idempotency_key)
        raise RuntimeError("again")

    from tasks_core.testing import run_due

    tasks_core.enqueue("keyed", {}, idempotency_key="order-7")
    task = tasks_core.enqueue("keyed", {})
    run_due()

    assert sorted(given) == sorted(["order-7"] * 2 + [f"task-{task.pk}"] * 2)
