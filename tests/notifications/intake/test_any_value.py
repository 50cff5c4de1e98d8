"""Whatever text or number a caller names, it is refused in words or can be read again.

See ``tests/tasks_core/client/test_any_value.py``: the same for what is called of notifications and triggers.
"""

import inspect
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from notifications import api, conditions, triggers
from notifications.api import Fallback, Message, Receiver
from notifications.exceptions import NotificationsError, ResendRefused
from notifications.models import (
    Broadcast,
    Category,
    CronTrigger,
    Destination,
    Endpoint,
    EventSource,
    Notification,
    Provider,
    Recipient,
    Suppression,
    TemplateVersion,
    TriggerEvent,
)
from notifications.sending.endpoints.registration import edit_endpoint
from notifications.sending.providers.registration import edit_provider
from tasks_core.exceptions import TasksCoreError
from tasks_core.models import Task
from tests.support.any_value import Door, refuses_in_words_or_keeps

pytestmark = pytest.mark.django_db

KEPT_IN = (
    Broadcast,
    Category,
    CronTrigger,
    Destination,
    Endpoint,
    EventSource,
    Notification,
    Provider,
    Recipient,
    Suppression,
    Task,
    TemplateVersion,
    TriggerEvent,
)
LATER = datetime(2030, 1, 1, tzinfo=UTC)
GOOD: dict[str, Any] = {"number": 7, "name": "Ada", "amount": "12.5"}
TO = "ada@example.com"
ID = "00000000-0000-0000-0000-000000000001"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def _ada() -> Recipient:
    return Recipient.objects.get(key="user-17")


def _merchant() -> Endpoint:
    return Endpoint.objects.get(name="merchant")


def _message(**named: Any) -> Any:
    return api.notify_many("receipt", [Message(to=TO, context=GOOD, **named)])


def _fallback(**named: Any) -> Any:
    return api.notify("receipt", to="user-17", context=GOOD, fallback=[Fallback(**named)])


def _known(**named: Any) -> bool:
    return bool(named)


def _receiver(**named: Any) -> Any:
    return api.create_broadcast("news", "receipt", [Receiver(**named)])


DOORS: dict[str, Door] = {
    "notify": (
        api.notify,
        {
            "template": "receipt",
            "to": TO,
            "channel": "email",
            "locale": "de",
            "context": GOOD,
            "category": "news",
            "idempotency_key": "key",
            "supersede_key": "key",
            "correlation_id": "id",
        },
    ),
    "notify a code": (
        lambda **named: api.notify("receipt", to=TO, context=GOOD, expires_at=LATER, **named),
        {"secret_context": {"code": "1234"}, "requester": "10.0.0.1", "resends": 2},
    ),
    "notify with a condition": (
        lambda **named: api.notify("receipt", to=TO, context=GOOD, **named),
        {"condition": "known", "condition_args": {"a": "x"}},
    ),
    "notify in order": (
        lambda **named: api.notify("paid", to=_merchant(), context={}, **named),
        {"order_key": "invoice-1"},
    ),
    "notify_many": (_message, {"idempotency_key": "key", "supersede_key": "key"}),
    "Fallback": (_fallback, {"channel": "sms", "to": "+4915112345678"}),
    "Receiver": (_receiver, {"to": TO, "context": GOOD, "locale": "de"}),
    "add_to_digest": (
        lambda **named: api.add_to_digest(window=timedelta(hours=1), **named),
        {"template": "weekly", "key": "day", "to": TO, "channel": "email", "item": GOOD},
    ),
    "send_test": (
        api.send_test,
        {"template": "receipt", "to": TO, "channel": "email", "locale": "de"},
    ),
    "resend": (
        api.resend,
        {"notification": 1, "to": TO, "channel": "email", "locale": "de", "requester": "10.0.0.1"},
    ),
    "forget_code": (api.forget_code, {"notification_id": 1}),
    "cancel": (api.cancel, {"notification_id": 1, "reason": "a test"}),
    "create_broadcast": (
        api.create_broadcast,
        {
            "name": "news",
            "template": "receipt",
            "channel": "email",
            "locale": "de",
            "category": "news",
            "rate": 5.0,
            "in_flight": 10,
            "chunk_size": 10,
        },
    ),
    "fill_broadcast": (api.fill_broadcast, {"name": "empty", "audience": ["+4915112345678"]}),
    "broadcast_progress": (api.broadcast_progress, {"name": "empty"}),
    "pause_broadcast": (api.pause_broadcast, {"name": "empty", "reason": "a test"}),
    "resume_broadcast": (api.resume_broadcast, {"name": "empty"}),
    "cancel_broadcast": (api.cancel_broadcast, {"name": "empty"}),
    "publish_template": (
        api.publish_template,
        {
            "name": "hello",
            "channel": "email",
            "locale": "de",
            "subject": "Hello",
            "text": "Hello",
            "html": "<p>Hello</p>",
            "schema": {"type": "object", "title": "a"},
            "sample": {"a": "x"},
            "description": "what it is for",
        },
    ),
    "check_template": (
        api.check_template,
        {
            "name": "hello",
            "channel": "email",
            "locale": "de",
            "subject": "Hello",
            "text": "Hello",
            "html": "<p>Hello</p>",
        },
    ),
    "save_recipient": (
        api.save_recipient,
        {
            "key": "user-18",
            "email": TO,
            "sms": "+4915112345678",
            "addresses": {"telegram": "12345"},
            "locale": "de",
            "timezone": "Europe/Berlin",
            "quiet_hours": "22:00-08:00",
            "attributes": {"plan": "gold", "n": 1},
        },
    ),
    "get_recipient": (api.get_recipient, {"key": "user-17"}),
    "delete_recipient": (api.delete_recipient, {"key": "user-17"}),
    "set_preference": (
        lambda **named: api.set_preference(_ada(), False, **named),
        {"category": "news", "channel": "email", "source": "a test"},
    ),
    "save_category": (
        api.save_category,
        {
            "key": "offers",
            "name": "Offers",
            "description": "what they are",
            "parent": "news",
            "quiet_hours": "defer",
            "digest_template": "receipt",
            "default_channels": ["email"],
            "body_retention_days": 1,
            "exchange_retention_days": 1,
            "row_retention_days": 7,
        },
    ),
    "suppress": (
        api.suppress,
        {"channel": "email", "address": TO, "reason": "manual", "source": "x", "category": "news"},
    ),
    "unsuppress": (
        api.unsuppress,
        {"channel": "email", "address": TO, "reason": "manual", "category": "news"},
    ),
    "suppressions_of": (api.suppressions_of, {"channel": "email", "address": TO}),
    "erase an address": (
        api.erase,
        {"address": TO, "channel": "email", "actor": "me"},
    ),
    "erase": (api.erase, {"recipient": "user-17", "actor": "me"}),
    "register_endpoint": (
        api.register_endpoint,
        {
            "name": "shop",
            "url": "https://example.com/hooks",
            "secret": SECRET,
            "owner_email": TO,
            "max_concurrency": 5,
            "rate_limit": 5.0,
            "breaker_threshold": 5,
            "breaker_pause": 30.0,
        },
    ),
    "edit_endpoint": (
        lambda **named: edit_endpoint(_merchant().pk, **named),
        {
            "name": "merchant",
            "url": "https://example.com/other",
            "secret": SECRET,
            "owner_email": TO,
            "max_concurrency": 5,
            "rate_limit": 5.0,
            "breaker_threshold": 5,
            "breaker_pause": 30.0,
        },
    ),
    "rotate_secret": (
        lambda **named: api.rotate_secret(_merchant(), **named),
        {"secret": SECRET},
    ),
    "disable_endpoint": (api.disable_endpoint, {"endpoint_id": 1, "reason": "a test"}),
    "enable_endpoint": (api.enable_endpoint, {"endpoint_id": 1}),
    "register_destination": (
        api.register_destination,
        {"name": "ops", "channel": "teams", "url": "https://example.com/hooks"},
    ),
    "disable_destination": (
        api.disable_destination,
        {"channel": "teams", "name": "ops", "reason": "a test"},
    ),
    "enable_destination": (api.enable_destination, {"channel": "teams", "name": "ops"}),
    "register_provider": (
        api.register_provider,
        {
            "name": "main",
            "channel": "sms",
            "kind": "twilio",
            "credentials": {"account_sid": "AC1", "auth_token": "0123456789"},
            "options": {"sender": "Bank"},
            "base_url": "https://example.com",
            "position": 1,
            "rate_limit": 5.0,
            "breaker_threshold": 5,
            "breaker_pause": 30.0,
        },
    ),
    "edit_provider": (
        lambda **named: edit_provider("there", **named),
        {
            "options": {"sender": "Bank"},
            "base_url": "https://example.com/other",
            "position": 1,
            "rate_limit": 5.0,
            "breaker_threshold": 5,
            "breaker_pause": 30.0,
        },
    ),
    "enable_provider": (api.enable_provider, {"name": "main"}),
    "register_event_source": (
        api.register_event_source,
        {"name": "gateway", "channel": "email", "secret": SECRET},
    ),
    "rotate_source_secret": (
        lambda **named: api.rotate_source_secret(EventSource.objects.get(), **named),
        {"secret": SECRET},
    ),
    "create_cron_trigger": (
        triggers.create_cron_trigger,
        {
            "name": "nightly",
            "webhook": "https://example.com/hooks",
            "schedule": "0 3 * * *",
            "payload": {"a": "x"},
            "headers": [{"name": "X-A", "value": "b"}],
            "retry_conf": {"num_retries": 3, "retry_interval_seconds": 30, "timeout_seconds": 5},
            "timezone": "UTC",
            "misfire_policy": "fire_all",
            "when_disabled": "cancelled",
            "comment": "a test",
            "request_transform": {"body": "{{ body }}"},
        },
    ),
    "create_scheduled_event": (
        triggers.create_scheduled_event,
        {
            "webhook": "https://example.com/hooks",
            "schedule_at": "2030-01-01T09:00:00Z",
            "payload": {"a": "x"},
            "headers": [{"name": "X-A", "value": "b"}],
            "retry_conf": {"num_retries": 3},
            "comment": "a test",
        },
    ),
    "cancel_scheduled_event": (
        triggers.cancel_scheduled_event,
        {"event_id": ID, "reason": "a test"},
    ),
    "delete_scheduled_event": (triggers.delete_scheduled_event, {"event_id": ID}),
    "redeliver_event": (triggers.redeliver_event, {"event_id": ID}),
    "get_event": (triggers.get_event, {"event_id": ID}),
    "get_cron_trigger": (triggers.get_cron_trigger, {"name": "nightly"}),
    "delete_cron_trigger": (triggers.delete_cron_trigger, {"name": "nightly"}),
    "disable_cron_trigger": (
        triggers.disable_cron_trigger,
        {"name": "nightly", "reason": "a test"},
    ),
    "enable_cron_trigger": (triggers.enable_cron_trigger, {"name": "nightly"}),
    "get_scheduled_events": (
        triggers.get_scheduled_events,
        {"type": "cron", "trigger_name": "nightly", "status": ["dead"], "limit": 5, "offset": 1},
    ),
    "get_scheduled_event_invocations": (
        triggers.get_scheduled_event_invocations,
        {"trigger_name": "nightly", "status": [200], "limit": 5, "offset": 1},
    ),
}

NO_VALUES_OF_CALLERS = {
    # Takes nothing.
    "export_cron_triggers",
    "get_cron_triggers",
    # Takes a folder; what is wrong in a file of it is named by path and line (test_publishing).
    "publish_builtin_templates",
    # Takes rows.
    "live_secrets",
    "preview",
    # Said once, in code, when a process starts.
    "add_channel",
    "condition",
}


@pytest.fixture(autouse=True)
def something_there(receipt: TemplateVersion, monkeypatch: pytest.MonkeyPatch) -> None:
    api.publish_template("receipt", channel="sms", text="Receipt {{ number }}")
    api.publish_template(
        "weekly", subject="Week", text="{% for one in items %}{{ one.name }}{% endfor %}"
    )
    api.publish_template("paid", channel="webhook", text="{}")
    api.save_category("news", name="News")
    api.save_recipient("user-17", email=TO, sms="+4915112345678")
    api.register_endpoint("merchant", "https://example.com/merchant")
    api.publish_template("hello", channel="sms", text="Hello")
    api.create_broadcast("empty", "hello", channel="sms", hold=True)
    monkeypatch.setitem(conditions._predicates, "known", _known)
    api.register_event_source("first", secret=SECRET)
    api.register_provider(
        "there",
        channel="sms",
        kind="twilio",
        credentials={"account_sid": "AC1", "auth_token": "0123456789"},
        options={"sender": "Bank"},
        base_url="https://example.com",
    )
    triggers.create_cron_trigger("there", webhook="https://example.com", schedule="0 3 * * *")


@pytest.mark.parametrize("door", sorted(DOORS))
def test_what_the_others_begin_with_is_right(door: str) -> None:
    """Else each of them would be refused for that, whatever it changes."""
    call, given = DOORS[door]
    # There may be no such row, or no such condition, but each argument was taken.
    with suppress(LookupError, ResendRefused):
        call(**given)


@pytest.mark.parametrize("door", sorted(DOORS))
def test_a_value_is_refused_in_words_or_can_be_read_again(door: str) -> None:
    refuses_in_words_or_keeps(
        DOORS[door],
        own=(NotificationsError, TasksCoreError),
        kept_in=KEPT_IN,
    )


def test_no_public_function_is_without_such_a_test() -> None:
    """A new one is to be added above, or to be named here with the reason."""
    tested = {*DOORS, *NO_VALUES_OF_CALLERS}
    functions = {
        name
        for module in (api, triggers)
        for name in module.__all__
        if inspect.isfunction(getattr(module, name))
    }
    assert functions - tested == set()
