"""A row that cannot be used here, in any table of notifications, stops what needs it and nothing else."""

from typing import Any

import pytest
from django.db import models
from django.db.models.expressions import RawSQL

from notifications.api import (
    notify,
    publish_template,
    register_destination,
    register_endpoint,
    save_category,
    save_recipient,
)
from notifications.message_templates.compiled import compiled_version
from notifications.models import (
    Category,
    Delivery,
    Destination,
    Endpoint,
    EndpointLane,
    Notification,
    Provider,
    ProviderHealth,
    Recipient,
    RecipientAddress,
    TemplateVersion,
)
from notifications.sending.providers.accounts import forget_accounts
from tasks_core.models import Task
from tasks_core.testing import run_due
from tests.notifications.sending.conftest import NUMBER, add_gateway
from tests.support.mail_server import MailServer
from tests.support.receiver import Receiver
from tests.support.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)

NAN, INFINITY = float("nan"), float("inf")
NONSENSE = "gAAAAABnonsense"
LONG_NUMBER = RawSQL("%s::jsonb", ['{"n": ' + "9" * 5_000 + "}"])
"""A number for PostgreSQL, and more digits than Python reads."""
HUGE = RawSQL("%s::jsonb", ['{"1": 1e999}'])
FOREVER, NEVER = RawSQL("'infinity'::timestamptz", []), RawSQL("'-infinity'::timestamptz", [])


def _each(
    model: type[models.Model], column: str, values: tuple[Any, ...]
) -> list[tuple[type[models.Model], str, Any]]:
    return [(model, column, value) for value in values]


BAD: list[tuple[type[models.Model], str, Any]] = [
    *_each(Endpoint, "secrets", ([], {}, "x", [1], [{"sealed": NONSENSE}], [{}])),
    *_each(Endpoint, "url", ("", "http://[::1", "ftp://x", "https://\u2028")),
    *_each(Endpoint, "rate_limit", (NAN, INFINITY)),
    *_each(Endpoint, "breaker_pause", (NAN, INFINITY)),
    *_each(Provider, "kind", ("", "unknown", "slack")),
    *_each(Provider, "options", ([], {}, "x", {"sender": 7}, {"unknown": 1})),
    *_each(Provider, "base_url", ("", "http://[::1", "ftp://x")),
    *_each(Provider, "credentials", ("", NONSENSE)),
    *_each(Provider, "rate_limit", (NAN, INFINITY)),
    *_each(Provider, "breaker_pause", (NAN, INFINITY)),
    *_each(Destination, "sealed", ("", NONSENSE)),
    *_each(Recipient, "timezone", ("Mars/Olympus", "../etc", "America")),
    *_each(Recipient, "quiet_hours", ("at night", "25:00-26:00")),
    *_each(Recipient, "locale", ("!!", "x" * 20)),
    *_each(Recipient, "attributes", ([], "x", 7, LONG_NUMBER)),
    *_each(RecipientAddress, "address", ("", "nobody", "a@b@c", "a\u2028@b.c")),
    *_each(Category, "quiet_hours", ("", "never")),
    *_each(Category, "digest_template", ("nothing",)),
    *_each(Category, "default_channels", ([], ["nothing"])),
    *_each(Notification, "context", ("[]", "7", LONG_NUMBER)),
    *_each(Notification, "condition_args", ("[]", LONG_NUMBER)),
    *_each(Notification, "secret_context", (NONSENSE,)),
    *_each(EndpointLane, "taken", ([], 7, "x", {"a": 1}, {"1": "x"}, HUGE)),
    *_each(EndpointLane, "breaker", ("weird",)),
    *_each(EndpointLane, "paused_until", (FOREVER,)),
    *_each(EndpointLane, "breaker_until", (FOREVER,)),
    *_each(EndpointLane, "next_at", (FOREVER,)),
    *_each(EndpointLane, "failing_since", (NEVER,)),
    *_each(ProviderHealth, "breaker", ("weird",)),
    *_each(ProviderHealth, "paused_until", (FOREVER,)),
    *_each(ProviderHealth, "last_error_at", (NEVER,)),
    *_each(TemplateVersion, "text", ("", "{{ broken", "{% for %}")),
    *_each(TemplateVersion, "schema", ([], "x", {"type": 7})),
]
"""What another release, a restored backup or somebody's SQL may have left."""


@pytest.fixture
def parties(
    receiver: Receiver, mail_server: MailServer, allow_loopback: dict[str, Any]
) -> dict[type[models.Model], dict[str, Any]]:
    """Give for each table what names a receiver that needs its bad row."""
    forget_accounts()
    allow_loopback["QUIET_HOURS"] = "03:00-03:01"
    for channel, template in (
        ("email", "odd"),
        ("email", "note"),
        ("sms", "note"),
        ("teams", "note"),
    ):
        subject = "Note" if channel == "email" else ""
        publish_template(template, channel=channel, subject=subject, text="hello")
    publish_template("note", channel="webhook", text="{}")
    ProviderHealth.objects.get_or_create(provider=add_gateway(receiver))
    save_category("news", name="News")
    save_recipient("odd", email="odd@example.com")
    endpoint = register_endpoint("odd", receiver.url)
    EndpointLane.objects.get_or_create(endpoint=endpoint)
    register_destination("team", channel="teams", url=f"{receiver.url}/workflows/x")
    return {
        Endpoint: {"template": "note", "to": endpoint},
        EndpointLane: {"template": "note", "to": endpoint},
        Notification: {"template": "note", "to": "odd", "channel": "email"},
        Provider: {"template": "note", "to": NUMBER, "channel": "sms"},
        ProviderHealth: {"template": "note", "to": NUMBER, "channel": "sms"},
        Destination: {"template": "note", "to": "team", "channel": "teams"},
        Recipient: {"template": "note", "to": "odd", "channel": "email"},
        RecipientAddress: {"template": "note", "to": "odd", "channel": "email"},
        Category: {"template": "note", "to": "odd", "channel": "email", "category": "news"},
        TemplateVersion: {"template": "odd", "to": "odd@example.com"},
    }


@pytest.mark.parametrize(("model", "column", "value"), BAD)
def test_a_bad_row_stops_only_what_needs_it(
    parties: dict[type[models.Model], dict[str, Any]],
    receiver: Receiver,
    model: type[models.Model],
    column: str,
    value: object,
) -> None:
    asked = parties[model]
    stuck = notify(**asked)
    row = stuck.template_version if model is TemplateVersion else None
    rows = model._default_manager.filter(pk=row.pk) if row else model._default_manager.all()
    last = list(rows.order_by("pk").values_list("pk", flat=True))[-1:]
    assert rows.filter(pk__in=last).update(**{column: value}) == 1
    compiled_version.cache_clear()
    forget_accounts()
    well = [notify("note", to=f"o{n}@example.com", channel="email") for n in range(3)]
    hook = register_endpoint("good", receiver.url)
    well += [notify("note", to=hook) for _ in range(3)]

    def all_sent() -> bool:
        run_due()
        return not Notification.objects.filter(pk__in=[one.pk for one in well]).exclude(
            state="sent"
        )

    wait_until(all_sent, what="the neighbours are served")
    stuck = Notification.objects.defer("context", "condition_args").get(pk=stuck.pk)
    said = {
        stuck.reason,
        *Task.objects.values_list("error", flat=True),
        *Delivery.objects.filter(notification=stuck).values_list("error", flat=True),
    }
    if column != "paused_until":  # then it waits, which its lane tells
        assert stuck.state == "sent" or any(said), "it is not sent, and nothing says why"
    assert not [text for text in said if "lost" in text]
