"""Errors in the midst of sending, in our own code or a channel's: the attempt ends, and is on record."""

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from notifications.api import Message, add_channel, notify, notify_many, publish_template
from notifications.channel_api import registry
from notifications.channel_api.channel import Address
from notifications.channel_api.sendable import Sendable
from notifications.channel_api.stream import Tell
from notifications.models import Delivery, DeliveryAttempt, DeliveryTotal, Endpoint, TemplateVersion
from notifications.rendering.compiled import CompiledText
from notifications.rules.outcome import Outcome, SendResult, fitting, storable_result
from notifications.sending.pipeline.deliver_batch import deliver_batch
from notifications.sending.pipeline.record import record
from tasks_core import Exponential, PermanentError, RetryAfter, clock
from tasks_core import registry as task_registry
from tasks_core.testing import run_due
from tests.notifications.sending.pipeline.test_recording import GOOD, begun, ends
from tests.tasks_core.database.test_storable import VALUES

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.guarantee(n=6)]

SENT = SendResult(outcome=Outcome.SUCCESS, status_code=200)


class OwnChannel:
    """A channel of a project's own, which does what the test says."""

    kind = "own"
    deliver_task = "notification.deliver.own"
    queue_name = "own"
    retry = Exponential(max_attempts=5, initial=60.0)
    max_runtime = 1.0
    carries_secrets = True

    def recognises(self, to: object) -> bool:
        return False

    def addresses(self, receivers: list[Any]) -> list[Address | str]:
        return [Address(str(to)) for to in receivers]

    def compile(self, subject: str, text: str, html: str) -> CompiledText:
        return CompiledText("", text, limit=80)


def raising(error: Exception) -> Callable[[Sendable], SendResult]:
    def send(sendable: Sendable) -> SendResult:
        raise error

    return send


@pytest.fixture
def own(db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Delivery]]:
    """Give a function that sends one message by a channel that sends so, and gives its delivery."""
    monkeypatch.setattr(task_registry, "_types", task_registry.task_types())
    before = dict(registry.CHANNELS)

    def sent(
        send: Callable[[Sendable], Any], *, is_async: bool = False, **options: Any
    ) -> Delivery:
        async def later(sendable: Sendable) -> Any:
            found = send(sendable)
            return await found if asyncio.iscoroutine(found) else found

        channel = OwnChannel()
        channel.send = later if is_async else send  # type: ignore[attr-defined]
        add_channel(channel)  # type: ignore[arg-type]
        publish_template("note", channel="own", text="hello")
        found = notify("note", channel="own", to="ada", **options)
        run_due()
        return Delivery.objects.get(notification=found)

    yield sent
    registry.CHANNELS.clear()
    registry.CHANNELS.update(before)


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize(
    ("send", "outcome", "said"),
    [
        (raising(ValueError("what the provider said")), "ambiguous", "an unexpected ValueError"),
        (raising(RecursionError()), "ambiguous", "an unexpected RecursionError"),
        (lambda _: None, "ambiguous", "an unexpected TypeError"),
        (raising(PermanentError("no such pager")), "permanent", "no such pager"),
        (raising(RetryAfter(90, "busy")), "transient", "busy"),
    ],
)
def test_what_a_channel_raises_is_on_record(
    own: Callable[..., Delivery],
    is_async: bool,
    send: Callable[[Sendable], Any],
    outcome: str,
    said: str,
) -> None:
    delivery = own(send, is_async=is_async)
    attempt = delivery.attempt_log.get()
    assert attempt.finished_at is not None
    assert attempt.outcome == outcome
    assert said in attempt.error
    assert delivery.state == ("failed" if outcome == "permanent" else "sending")


@pytest.mark.parametrize("is_async", [False, True])
def test_what_a_channel_gives_can_be_stored(own: Callable[..., Delivery], is_async: bool) -> None:
    result = replace(
        SENT,
        provider_message_id="\ud800" * 500,
        request={"at": clock.now(), "raw": b"\xff", "n": float("nan")},
        response={"deep": [[[{"x": "\x00"}]]]},
        retry_after=float("inf"),
    )
    delivery = own(lambda _: result, is_async=is_async)
    assert delivery.state == "sent"
    attempt = delivery.attempt_log.get()
    assert attempt.response == {"deep": [[[{"x": "�"}]]]}
    assert attempt.request["n"] == "nan"
    assert len(delivery.provider_message_id) == 200


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("before", range(1_960, 2_010, 7))
def test_no_part_of_a_secret_is_left_where_a_text_of_a_channel_is_cut(
    own: Callable[..., Delivery], is_async: bool, before: int
) -> None:
    said = "-" * before + "Zebra-Qualle-Wolke-Nebel-Anker-Distel"
    result = replace(
        SENT,
        outcome=Outcome.PERMANENT,
        error=said,
        provider_message_id=said[-200:],
        response={"said": said},
    )
    code = {"code": "Zebra-Qualle-Wolke-Nebel-Anker-Distel"}
    delivery = own(lambda _: result, is_async=is_async, secret_context=code)
    attempt = delivery.attempt_log.get()
    kept = [attempt.error, delivery.error, delivery.provider_message_id, str(attempt.response)]
    assert not any("Z" in text for text in kept), kept
    assert max(map(len, kept)) <= 2_000


def test_what_runs_too_long_on_the_event_loop_is_on_record(own: Callable[..., Delivery]) -> None:
    async def hang(sendable: Sendable) -> SendResult:
        await asyncio.sleep(60)
        return SENT

    delivery = own(hang, is_async=True)
    attempt = delivery.attempt_log.get()
    assert (attempt.outcome, attempt.finished_at is None) == ("ambiguous", False)
    assert "ran too long" in attempt.error


@dataclass(frozen=True)
class Item:
    """What a batch handler gets of a task, as far as a delivery looks at it."""

    payload: Any
    context: Any

    def active(self) -> Any:
        return threading.Lock()


class Falling:
    """A stream that tells late, and falls over some messages."""

    def __init__(self, falls: set[int]) -> None:
        self.falls = falls
        self.seen = 0
        self.held: list[Tell] = []

    def hand_over(self, sendable: Sendable, tell: Tell) -> None:
        self.seen += 1
        if self.seen - 1 in self.falls:
            raise IndexError("no such reply")
        self.held.append(tell)

    def flush(self) -> None:
        if self.seen in self.falls:
            raise IndexError("no such reply")
        for tell in self.held:
            tell(SENT)
        self.held = []

    def abandon(self) -> None:
        self.held = []


@pytest.mark.parametrize(
    ("falls", "outcomes"),
    [
        (set(), ["success"] * 4),
        ({0}, ["ambiguous", "success", "success", "success"]),
        ({2}, ["ambiguous", "ambiguous", "ambiguous", "success"]),
        ({4}, ["ambiguous"] * 4),
    ],
)
def test_a_stream_that_falls_over_leaves_no_mail_unrecorded(
    receipt: TemplateVersion, falls: set[int], outcomes: list[str]
) -> None:
    @dataclass
    class Step:
        delivery: int
        task_id: int = 1
        cancelled: bool = False

    notify_many("receipt", [Message(to=f"u{n}@example.com", context=GOOD) for n in range(4)])
    steps = [Step(pk) for pk in Delivery.objects.order_by("pk").values_list("pk", flat=True)]
    items: list[Any] = [Item(step, step) for step in steps]
    answers = list(deliver_batch(items, Falling(falls)))
    assert len(answers) == 4
    attempts = list(DeliveryAttempt.objects.order_by("delivery_id"))
    assert [one.outcome for one in attempts] == outcomes
    assert all(one.finished_at for one in attempts)


def same(value: Any) -> Any:
    """PostgreSQL gives 1e300 back as a whole number with all its digits."""
    return json.loads(json.dumps(value), parse_int=float)


@settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # each example goes through the database
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    result=st.builds(
        SendResult,
        outcome=st.sampled_from([Outcome.SUCCESS, Outcome.TRANSIENT]),
        error=st.text(st.characters() | st.sampled_from("\x00\ud800")),
        status_code=st.none() | st.integers(),
        retry_after=st.none() | st.floats() | st.integers(),
        provider_message_id=st.text(st.characters() | st.sampled_from("\x00\ud800")),
        request=st.dictionaries(st.text(), VALUES, max_size=3),
        response=VALUES,
    )
)
def test_any_result_is_recorded_next_to_any_other(
    receipt: TemplateVersion, result: SendResult
) -> None:
    odd, other = begun(2)
    stored = fitting(storable_result(result))
    assert storable_result(stored) is stored
    assert fitting(stored) is stored
    assert record([*ends([odd], stored), *ends([other])]) == []
    logged = DeliveryAttempt.objects.get(delivery=odd.delivery_id)
    assert same(logged.request) == same(stored.request)
    assert same(logged.response) == same(stored.response)
    assert (logged.error, logged.outcome) == (stored.error, result.outcome)
    assert Delivery.objects.get(pk=other.delivery_id).state == "sent"


@pytest.mark.parametrize(
    "wrong",
    [
        {"response": {"at": clock.now()}},
        {"response": [[]] * 2, "request": {"x": {1, 2}}},
        {"status_code": 2**40, "provider_message_id": 7},
        {"retry_after": float("nan"), "error": "\x00"},
    ],
)
def test_an_end_that_cannot_be_written_lets_no_other_be_forgotten(
    receipt: TemplateVersion, wrong: dict[str, Any]
) -> None:
    odd, *others = begun(4)
    assert record([*ends([odd], replace(SENT, **wrong)), *ends(others)]) == []
    assert Delivery.objects.filter(state="sent").count() == 4
    assert sum(DeliveryTotal.objects.values_list("count", flat=True)) == 4


def test_an_end_whose_consequences_fail_is_on_record(
    paid: TemplateVersion, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = SendResult(outcome=Outcome.PERMANENT, error="410", destination_gone="nobody")
    notify("payment.settled", to=endpoint, context={"id": "1", "order": {}})
    from notifications.sending.pipeline.begin import begin

    pk = Delivery.objects.get().pk
    [found] = begin({pk: 1}).values()
    assert isinstance(found, Sendable)
    Delivery.objects.filter(pk=pk).update(address="x")

    def fail(*_args: object, **_options: object) -> None:
        raise LookupError("a receiver of the project's own")

    monkeypatch.setattr("notifications.sending.pipeline.record.disable_gone", fail)
    assert record(ends([found], gone)) == []
    assert DeliveryAttempt.objects.get().outcome == "permanent"
