"""One row that cannot be served, or many of them, hold up no other: messages."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.checks import run_checks
from django.db import models
from pytest_django import Settings

from notifications.api import Receiver, create_broadcast, publish_template, register_endpoint
from notifications.broadcasts.upkeep import advance_broadcasts
from notifications.duties import make_duties
from notifications.limits.clean_up import clean_up as clean_up_limits
from notifications.models import (
    Broadcast,
    BroadcastChunk,
    Delivery,
    Endpoint,
    EndpointLane,
    InboxMessage,
    KeptCode,
    LimitCounter,
    Notification,
    ProviderEvent,
    TemplateVersion,
    TriggerEvent,
    TriggerInvocation,
)
from notifications.privacy.retention.clean_up import clean_up
from notifications.privacy.retention.inboxes import clean_up_inboxes
from notifications.provider_events.late import delete_old_events, follow_late_events
from notifications.sending.endpoint_lanes import rows
from notifications.sending.endpoint_lanes.release import wake_waiting
from notifications.sending.pipeline.kept_codes import forget_expired
from notifications.triggers.clean_up import delete_events, delete_logs
from tasks_core import clock
from tests.notifications.conftest import SECRET
from tests.notifications.provider_events.reports import sent
from tests.support.mail_server import MailServer
from tests.support.receiver import Receiver as WebhookReceiver
from tests.support.refusing import refusing
from tests.support.strangers import model_with

pytestmark = pytest.mark.django_db(transaction=True)

YEARS = timedelta(days=800)


@pytest.fixture(autouse=True)
def _template(receipt: TemplateVersion, mail_server: MailServer) -> None:
    """Send what is rendered to a mail server that takes it."""


def _protecting(model: str) -> "models.ForeignKey[Any, Any]":
    return models.ForeignKey(f"notifications.{model}", on_delete=models.PROTECT, related_name="+")


def test_messages_that_another_app_protects_keep_no_other() -> None:
    with model_with(_protecting("Notification")) as order:
        *protected, free = [sent().notification for _ in range(4)]
        for one in protected:
            order._default_manager.create(ref_id=one.pk)

        with clock.frozen(clock.now() + YEARS):
            while clean_up(limit=2):
                pass

        assert set(Notification.objects.all()) == set(protected)
        assert not Notification.objects.filter(pk=free.pk).exists()
        assert not Delivery.objects.exclude(text="", html="", subject="").exists()  # wiped

        [message] = [m for m in run_checks() if m.id == "notifications.W010"]
        assert "auth.Order.ref keeps rows of notifications.Notification" in message.msg


def test_inbox_messages_that_another_app_protects_keep_no_other() -> None:
    with model_with(_protecting("InboxMessage")) as order:
        for number in range(5):
            message = InboxMessage.objects.create(
                delivery=sent(), owner="ada", title="t", text="t", created_at=clock.now()
            )
            if number < 4:
                order._default_manager.create(ref_id=message.pk)

        with clock.frozen(clock.now() + YEARS):
            assert clean_up_inboxes(limit=2) == 1
        assert InboxMessage.objects.count() == 4


def test_step_of_retention_that_fails_keeps_those_after_it_from_nothing(settings: Settings) -> None:
    InboxMessage.objects.create(
        delivery=sent(), owner="ada", title="t", text="t", created_at=clock.now()
    )
    settings.BELLRINGER = {
        **settings.BELLRINGER,
        "NOTIFICATION_RETENTION": {"": {"fortnights": 2}},
    }
    (duty,) = (one for one in make_duties() if one.name == "duty-notification-retention")

    with clock.frozen(clock.now() + YEARS):
        duty._work()

    assert not InboxMessage.objects.exists()


def test_broadcast_that_cannot_go_on_holds_no_other_up() -> None:
    publish_template("plain", subject="News", text="News.")
    for name in ("bad", "good"):
        create_broadcast(name, "plain", [Receiver(to="ada@example.com")])
    BroadcastChunk.objects.update(state="waiting", task_id=None)

    with refusing("notifications_broadcast", "OLD.name = 'bad'"):
        advance_broadcasts()

    planned = Broadcast.objects.filter(chunks__state="planned")
    assert [broadcast.name for broadcast in planned] == ["good"]


def test_report_that_cannot_be_followed_holds_no_other_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("notifications.provider_events.late.LIMIT", 2)
    deliveries = [sent() for _ in range(5)]
    for number, delivery in enumerate(deliveries):
        ProviderEvent.objects.create(
            source="acme",
            event_id=f"e{number}",
            kind="delivered",
            channel="email",
            message_id=f"p-{number}",
            occurred_at=clock.now(),
            received_at=clock.now(),
        )
        Delivery.objects.filter(pk=delivery.pk).update(provider_message_id=f"p-{number}")

    with refusing("notifications_providerevent", "OLD.event_id <> 'e4'"):
        assert follow_late_events() == 1

    assert [d.state for d in Delivery.objects.order_by("pk")] == ["sent"] * 4 + ["delivered"]


def test_lane_in_a_state_that_nobody_knows_wakes_as_the_others_do(
    endpoint: Endpoint, receiver: WebhookReceiver
) -> None:
    good = register_endpoint("good", receiver.url + "good", secret=SECRET)
    rows.locked([endpoint.pk, good.pk])
    EndpointLane.objects.update(has_parked=True)
    EndpointLane.objects.filter(endpoint=endpoint).update(breaker="odd")

    wake_waiting()

    assert not EndpointLane.objects.filter(has_parked=True).exists()


def _kept_code(number: int) -> None:
    KeptCode.objects.create(
        notification=sent().notification,
        sealed="",
        expires_at=clock.now(),
        resends_left=number,
        last_sent_at=clock.now(),
    )


def _limit_counter(number: int) -> None:
    now = clock.now()
    LimitCounter.objects.create(
        name="some",
        subject=str(number),
        seconds=1,
        window_start=now,
        ends_at=now,
        used=number,
        most=1,
    )


def _trigger_event(number: int) -> TriggerEvent:
    now = clock.now()
    return TriggerEvent.objects.create(
        scheduled_time=now, created_at=now, finished_at=now, status="delivered", tries=number
    )


def _invocation(number: int) -> None:
    TriggerInvocation.objects.create(
        event=_trigger_event(0), status=number, request={}, response={}, created_at=clock.now()
    )


def _provider_event(number: int) -> None:
    now = clock.now()
    ProviderEvent.objects.create(
        source="some",
        event_id=str(number),
        kind="delivered",
        channel="email",
        occurred_at=now,
        received_at=now,
    )


@pytest.mark.parametrize(
    ("model", "make", "refused", "remove"),
    [
        pytest.param(
            KeptCode,
            _kept_code,
            "OLD.resends_left < 3",
            lambda: forget_expired(limit=1),
            id="kept codes",
        ),
        pytest.param(
            LimitCounter,
            _limit_counter,
            "OLD.used < 3",
            lambda: clean_up_limits(limit=1),
            id="limit counters",
        ),
        pytest.param(
            TriggerEvent,
            _trigger_event,
            "OLD.tries < 3",
            lambda: delete_events(clock.now(), limit=1),
            id="trigger events",
        ),
        pytest.param(
            TriggerInvocation,
            _invocation,
            "OLD.status < 3",
            lambda: delete_logs(clock.now(), limit=1),
            id="trigger logs",
        ),
        pytest.param(
            ProviderEvent,
            _provider_event,
            "OLD.event_id < '3'",
            delete_old_events,
            id="provider events",
        ),
    ],
)
def test_old_row_that_a_stranger_refuses_to_let_go_keeps_none_behind_it(
    model: type[models.Model],
    make: Callable[[int], object],
    refused: str,
    remove: Callable[[], int],
) -> None:
    for number in (1, 2, 3, 4):
        make(number)

    with (
        refusing(model._meta.db_table, refused, when="DELETE"),
        clock.frozen(clock.now() + YEARS),
    ):
        for _ in range(3):
            remove()

    assert model._default_manager.count() == 2
