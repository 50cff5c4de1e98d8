"""How messages and events are added up."""

from examples.demo.checks import check_ends
from examples.demo.counts import Message
from examples.demo.summary import summarise
from examples.payments.event import Event
from examples.payments.gateway import Announced
from tests.examples.test_gateway import event


def message(number: int, **more: object) -> Message:
    values: dict[str, object] = {
        "id": number,
        "kind": "webhook",
        "state": "sent",
        "units": 1,
        "latency": 0.1,
        "tries": 1,
        **more,
    }
    return Message(**values)  # type: ignore[arg-type]


def named(name: str) -> Event:
    return event("payment.succeeded").model_copy(update={"id": name})


def test_an_event_ends_as_the_worst_of_its_messages() -> None:
    messages = [message(1), message(2, state="failed"), message(3), message(4, state="expired")]
    announced = [
        (named("a"), Announced((1, 2))),
        (named("b"), Announced((3,))),
        (named("c"), Announced((4,))),
        (named("d"), Announced(is_too_late=True)),
    ]
    summary = summarise(messages, announced, {"webhook": 4, "otp": 1})
    assert summary.events == {"dead-lettered": 1, "delivered": 1, "expired": 2}
    assert (summary.total.asked, summary.total.accounted, summary.total.expired) == (5, 5, 2)
    assert check_ends(summary, 4).holds
    assert not check_ends(summary, 5).holds


def test_a_message_that_has_not_ended_is_missed() -> None:
    messages = [message(1), message(2, state="in_progress", latency=None)]
    summary = summarise(messages, [(named("a"), Announced((1, 2)))], {"webhook": 2})
    check = check_ends(summary, 1)
    assert check.text == "1 events have not ended"
    assert not check.holds
    assert (summary.total.asked, summary.total.accounted) == (2, 1)


def test_a_digest_counts_as_all_that_is_in_it() -> None:
    found = summarise([message(1, kind="digest", units=6)], [], {"digest": 6}).by_kind["digest"]
    assert (found.asked, found.sent) == (6, 6)


def test_latencies_are_those_of_delivered_messages() -> None:
    messages = [message(n, latency=n / 100) for n in range(1, 101)]
    total = summarise([*messages, message(101, state="failed", latency=None)], [], {}).total
    assert (total.p50, total.p99) == (0.51, 1.0)
    assert summarise([], [], {}).total.p50 is None
