"""Lanes: one broker queue per queue name and priority, and the order in which workers look at them."""

import subprocess
import sys

from tasks_core.lanes import LaneOrder, expand


def _order() -> LaneOrder:
    return LaneOrder()  # type: ignore[no-untyped-call] # kombu has no types


def test_queues_become_their_four_lanes_and_lanes_stay() -> None:
    assert expand(["mail", "web.high", "mail.low"]) == [
        "mail.critical",
        "mail.high",
        "mail.normal",
        "mail.low",
        "web.high",
    ]


def test_worker_looks_at_urgent_lanes_first_whatever_their_queue() -> None:
    order = _order()
    order.update(["a.low", "b.critical", "a.normal", "plain", "b.high", "a.critical"])

    ranks = [name.rpartition(".")[2] for name in order.consume(6)]
    assert ranks == ["critical", "critical", "high", "normal", "plain", "low"]


def test_queues_of_one_priority_take_turns() -> None:
    order = _order()
    order.update(["a.normal", "b.normal", "c.normal", "a.high"])
    firsts = []
    for _ in range(6):
        first = next(name for name in order.consume(4) if name.endswith(".normal"))
        firsts.append(first)
        order.rotate(first)  # type: ignore[no-untyped-call] # kombu has no types

    assert firsts == ["a.normal", "b.normal", "c.normal"] * 2


def test_new_queue_joins_and_the_turns_of_the_others_are_kept() -> None:
    order = _order()
    order.update(["a.normal", "b.normal"])
    order.rotate("a.normal")  # type: ignore[no-untyped-call] # kombu has no types
    order.update(["a.normal", "b.normal", "c.normal"])

    assert order.consume(3) == ["b.normal", "a.normal", "c.normal"]


def test_what_the_broker_connection_loads_does_not_need_django_to_be_set_up() -> None:
    """`celery inspect` and Flower connect without it: the order of the queues comes from there."""
    command = [sys.executable, "-c", "import tasks_core.lanes"]
    result = subprocess.run(command, check=False, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
