"""Receivers and providers that answer with anything at all: no attempt is lost, and no neighbour touched."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from notifications.api import (
    enable_endpoint,
    notify,
    publish_template,
    register_destination,
    register_endpoint,
    register_provider,
)
from notifications.models import (
    Delivery,
    DeliveryAttempt,
    EndpointLane,
    Notification,
    ProviderHealth,
    TriggerEvent,
    TriggerInvocation,
)
from notifications.rules.outcome import Outcome
from notifications.sending.channels.webpush.vapid import generate_vapid_key
from notifications.sending.destinations.switching import enable_destination
from notifications.sending.endpoint_lanes.places import places
from notifications.sending.pipeline.record import UNSTORABLE
from notifications.sending.providers.accounts import forget_accounts
from notifications.triggers.scheduled_events import create_scheduled_event
from tasks_core import clock
from tasks_core.models import Task
from tasks_core.testing import run_due
from tests.notifications.sending.channels.test_web_push import Browser
from tests.notifications.sending.conftest import NUMBER, add_gateway
from tests.support.receiver import Receiver, Reply, running_receiver
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.guarantee(n=6)]

FAR = "Mon, 01 Jan 99999999999999 00:00:00 GMT"
DEEP = b"[" * 9_000 + b"]" * 9_000
OUTCOMES = {one.value for one in Outcome}
TO = {
    "sms": NUMBER,
    "telegram": "123456789",
    "slack": "#alerts",
    "room": "room",
    "teams": "team",
    "webpush": "phone",
}
"""A receiver for each kind of provider; ``room`` is an incoming webhook of Slack."""


class Strangers:
    """An endpoint, providers of all kinds and a trigger's webhook that all answer the same."""

    def __init__(self, receiver: Receiver, neighbour: Receiver) -> None:
        self.receiver = receiver
        self.neighbour = neighbour
        base = receiver.url.removesuffix("/hook")
        add_gateway(receiver)
        for kind, token in (("slack", "xoxb-1-abc"), ("telegram", "1:AAE")):
            credentials = {"token": token}
            register_provider(kind, channel=kind, kind=kind, credentials=credentials, base_url=base)
        register_provider(
            "push",
            channel="webpush",
            kind="vapid",
            credentials={"private_key": generate_vapid_key()},
            options={"contact": "mailto:ops@bank.example"},
        )
        push = Browser(f"{base}/push").subscription
        register_destination("phone", channel="webpush", subscription=push)
        register_destination("room", channel="slack", url=f"{base}/services/x")
        register_destination("team", channel="teams", url=f"{base}/workflows/x")
        self.endpoint = register_endpoint("stranger", receiver.url)
        self.innocent = register_endpoint("innocent", neighbour.url)
        for channel in ("sms", "telegram", "slack", "teams", "webpush"):
            publish_template("note", channel=channel, text="hello")
        publish_template("note", channel="webhook", text='{"type": "note"}')

    def send_to_all(self) -> list[Delivery]:
        """Send to each of them once, and once to the neighbour."""
        before = list(Notification.objects.values_list("pk", flat=True))
        for endpoint in (self.endpoint, self.innocent):
            notify("note", to=endpoint)
        for name, to in TO.items():
            notify("note", to=to, channel="slack" if name == "room" else name)
        new = Delivery.objects.exclude(notification__in=before).order_by("pk")

        def all_tried() -> bool:
            run_due()
            return not new.filter(attempt_log=None).exists()

        # On a slow machine some are given back to be done by others, and come again.
        wait_until(all_tried, what="each delivery has been tried")
        return list(new.prefetch_related("attempt_log"))

    def make_up(self) -> None:
        """Forget what was learnt, so that the next answers are asked for as the first were."""
        EndpointLane.objects.all().delete()
        ProviderHealth.objects.all().delete()
        places.given_up()
        # An earlier delivery that came back now would be answered so, and hold up the new ones.
        Task.objects.filter(state__in=("SCHEDULED", "RETRYING")).update(state="CANCELLED")
        enable_endpoint(self.endpoint.pk)
        for channel, name in (("webpush", "phone"), ("slack", "room"), ("teams", "team")):
            enable_destination(channel, name)
        self.receiver.replies.clear()
        self.receiver.received.clear()
        self.neighbour.received.clear()


@pytest.fixture
def strangers(receiver: Receiver, db: None) -> Iterator[Strangers]:
    forget_accounts()
    with running_receiver() as neighbour:
        yield Strangers(receiver, neighbour)
    forget_accounts()


@contextmanager
def always(receiver: Receiver, reply: Reply) -> Iterator[None]:
    """Let a receiver give the same answer to everybody."""
    receiver.plan(*[reply] * 40)
    yield
    receiver.replies.clear()


def on_record(delivery: Delivery) -> list[DeliveryAttempt]:
    """Give the attempts at a delivery, each with an end that can be read."""
    found = list(delivery.attempt_log.order_by("number"))
    assert found
    for one in found:
        assert one.finished_at is not None
        assert one.outcome in OUTCOMES
        assert one.error != UNSTORABLE
        json.dumps([one.request, one.response])
        repr((one.error, delivery.error, delivery.provider_message_id)).encode()
    return found


def check(strangers: Strangers, reply: Reply) -> dict[str, DeliveryAttempt]:
    """Send with this answer, and check that all is on record; give the first attempt by receiver."""
    with always(strangers.receiver, reply):
        deliveries = strangers.send_to_all()
    assert len(deliveries) == len(TO) + 2
    found = {}
    for delivery in deliveries:
        found[delivery.address] = on_record(delivery)[0]
    innocent = next(one for one in deliveries if one.endpoint_id == strangers.innocent.pk)
    assert innocent.state == "sent"
    assert len(strangers.neighbour.received) == 1
    places.given_up()
    return found


@pytest.mark.parametrize(
    "reply",
    [
        Reply(201, {"Location": "https://x/\xff"}),
        Reply(201, {"Location": "https://x/" + "\xe4" * 500}, b"\x00\xff nothing \xed\xa0\x80"),
        Reply(
            200, body=b'{"ok": true, "sid": "\\ud800", "status": "a\\u0000b", "channel": "\\udc00"}'
        ),
        Reply(
            200, body=b'{"ok": true, "sid": 1e999, "status": NaN, "result": {"message_id": 1e999}}'
        ),
        Reply(
            200, body=b'{"ok": true, "sid": "' + b"9" * 9_000 + b'", "ts": ' + b"9" * 4_200 + b"}"
        ),
        Reply(201, body=DEEP),
    ],
    ids=["half a character", "long", "surrogates", "no numbers", "huge numbers", "deep"],
)
def test_what_a_provider_took_is_sent_whatever_it_said(strangers: Strangers, reply: Reply) -> None:
    found = check(strangers, reply)
    refused = {"#alerts"} if reply.body[:1] != b"{" else set()  # Slack says "ok" itself
    assert {to for to, one in found.items() if one.outcome != "success"} == refused


@pytest.mark.parametrize(
    "reply",
    [
        Reply(503, {"Retry-After": FAR}),
        Reply(429, {"Retry-After": "9" * 5_000}, DEEP),
        Reply(400, body=b'{"code": "' + b"9" * 5_000 + b'", "description": "\\ud800\\u0000"}'),
        Reply(400, body=b'{"code": {"a": "\\ud800"}, "error": ["\\u0000"], "description": 1e999}'),
        Reply(500, body=b'{"code": -1e999, "parameters": {"retry_after": ' + b"9" * 4_000 + b"}}"),
    ],
    ids=["a date without end", "a number without end", "texts", "no texts", "numbers"],
)
def test_what_nobody_took_is_on_record_whatever_was_said(
    strangers: Strangers, reply: Reply
) -> None:
    found = check(strangers, reply)
    failed = {one.outcome for one in found.values() if one.status_code == reply.status}
    assert failed <= {"transient", "throttled", "permanent"}
    assert len([one for one in found.values() if one.status_code == reply.status]) == len(TO) + 1


@pytest.mark.parametrize(
    "headers",
    [{f"X-{n}": "v" for n in range(80)}, {"X-Long": "v" * 9_000}],
    ids=["many", "long"],
)
def test_a_webhook_that_was_taken_is_sent_once_however_the_answer_goes_on(
    strangers: Strangers, headers: dict[str, str]
) -> None:
    with always(strangers.receiver, Reply(200, headers)):
        notify("note", to=strangers.endpoint)
        run_due()
        assert run_due() == 0
    delivery = Delivery.objects.get()
    assert (delivery.state, len(strangers.receiver.received)) == ("sent", 1)
    assert on_record(delivery)[0].status_code == 200


def test_a_place_in_the_lane_comes_back_whatever_date_was_named(strangers: Strangers) -> None:
    with always(strangers.receiver, Reply(503, {"Retry-After": FAR})):
        notify("note", to=strangers.endpoint)
        run_due()
    places.given_up()
    [lane] = EndpointLane.objects.filter(endpoint=strangers.endpoint)
    assert (sum(lane.taken.values()), lane.failures) == (0, 1)


TEXTS = st.text(st.characters() | st.sampled_from('\x00\ud800\udfff\\"\u2028\x85'), max_size=12)
NUMBERS = (
    st.sampled_from([0, -1, 10**400, -(10**4_000), 2**63, 1e308]) | st.floats() | st.integers()
)
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=10,
)
WORDS = ("sid", "status", "error_code", "code", "error", "channel", "ts", "description")
FIELDS = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        ("sid", "status", "error_code", "code", "error", "channel", "ts", "description"),
        DOCUMENTS | TEXTS,
    )
    | {
        "ok": DOCUMENTS | st.just(True),
        "result": DOCUMENTS | st.fixed_dictionaries({"message_id": DOCUMENTS}),
        "parameters": DOCUMENTS | st.fixed_dictionaries({"retry_after": NUMBERS | DOCUMENTS}),
    },
)
BODIES = (
    st.binary(max_size=40)
    | (FIELDS | DOCUMENTS).map(lambda one: json.dumps(one).encode())
    | (FIELDS | DOCUMENTS).map(lambda one: json.dumps(one).encode("utf-16"))
    | st.integers(1, 9_000).map(lambda depth: b'{"sid":' * depth + b"[" * depth)
    | st.integers(1, 9_000).map(lambda depth: b"[" * depth + b"]" * depth)
)
DATES = st.builds(
    "{} {} {} {} {}:{}:{} {}".format,
    st.sampled_from(["Mon,", "Monday,", "", "\xff"]),
    st.integers(-1, 99),
    st.sampled_from(["Jan", "jan", "Foo", "13"]),
    st.integers(-1, 10**18) | st.integers(0, 9_999),
    st.integers(-1, 99),
    st.integers(-1, 99),
    st.integers(-1, 10**12),
    st.sampled_from(["GMT", "+9999", "-2359", "+" + "9" * 30, "EST", ""]),
)
VALUES = (
    DATES
    | st.integers(-5, 10**400).map(str)
    | st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=30)
)
HEADERS = st.dictionaries(
    st.sampled_from(["Retry-After", "Location", "Date", "Content-Type", "Set-Cookie", "X-Odd"]),
    VALUES,
    max_size=4,
)
STATUSES = st.sampled_from([200, 201, 204, 299, 302, 400, 403, 404, 410, 429, 500, 503, 599, 999])
REPLIES = st.builds(Reply, STATUSES, HEADERS, BODIES)
LONG = settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # each example goes through the database
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@LONG
@given(reply=REPLIES)
@example(reply=Reply(204, {}, b"no body is allowed here"))
def test_no_answer_loses_an_attempt_or_touches_a_neighbour(
    strangers: Strangers, reply: Reply
) -> None:
    strangers.make_up()
    found = check(strangers, reply)
    assert len(found) == len(TO) + 2


def answered(receiver: Receiver, reply: Reply, **options: Any) -> TriggerEvent:
    """Deliver one event of a trigger to a webhook that answers so."""
    with always(receiver, reply):
        event = create_scheduled_event(webhook=receiver.url, schedule_at=clock.now(), **options)
        run_due()
    event.refresh_from_db()
    return event


def logged(event: TriggerEvent) -> TriggerInvocation:
    """Give the log row of its only attempt, which can be read."""
    row = TriggerInvocation.objects.get(event=event)
    json.dumps([row.request, row.response])
    return row


PATIENT = {"num_retries": 5, "retry_interval_seconds": 600}
ECHO = {"version": "2", "body": {"action": "transform", "template": "{{ body }}"}}


@pytest.mark.parametrize("asked", [FAR, "9" * 5_000, "Mon, 01 Jan 0001 00:00:00 +2359"])
def test_a_trigger_waits_as_it_is_set_whatever_date_was_named(
    receiver: Receiver, db: None, asked: str
) -> None:
    event = answered(receiver, Reply(503, {"Retry-After": asked}), retry_conf=PATIENT)
    assert (event.status, event.tries, len(receiver.received)) == ("scheduled", 1, 1)
    assert event.next_retry_at is not None
    assert (event.next_retry_at - clock.now()).total_seconds() > 500
    assert logged(event).status == 503


@pytest.mark.parametrize("body", [DEEP, b'{"a": "\\ud800", "b": NaN, "c": 1e999}', b"9" * 9_000])
def test_a_trigger_whose_answer_cannot_be_transformed_was_delivered_once(
    receiver: Receiver, db: None, body: bytes
) -> None:
    event = answered(receiver, Reply(200, body=body), retry_conf=PATIENT, response_transform=ECHO)
    assert (event.tries, len(receiver.received)) == (1, 1)
    assert event.status in ("delivered", "error")
    assert logged(event).event_id == event.pk


@LONG
@given(reply=REPLIES, transform=st.sampled_from([None, ECHO]))
def test_no_answer_loses_a_call_of_a_trigger(
    receiver: Receiver, reply: Reply, transform: dict[str, Any] | None
) -> None:
    receiver.received.clear()
    event = answered(receiver, reply, retry_conf=PATIENT, response_transform=transform)
    assert (event.tries, len(receiver.received)) == (1, 1)
    assert event.status in ("delivered", "scheduled", "error")
    assert logged(event).event_id == event.pk
