"""Rows that nothing can be sent by, or to, are named by check_platform and on their own pages."""

from dataclasses import dataclass
from datetime import datetime
from io import StringIO
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection, models
from django.db.models.expressions import RawSQL
from django.test import Client
from django.urls import reverse

from notifications.api import (
    register_destination,
    register_endpoint,
    save_category,
    save_recipient,
)
from notifications.health import probe
from notifications.health.problems import problem_of
from notifications.models import Category, Destination, Endpoint, Provider, Recipient
from notifications.rules.outcome import SendResult
from notifications.sending.destinations.loading import Opened, open_all
from notifications.sending.providers.accounts import enabled_accounts, forget_accounts
from notifications.sending.providers.registration import register_provider
from tasks_core import encryption
from tasks_core.health import Finding, Level, examine
from tasks_core.logs.redaction import redacted_text

pytestmark = pytest.mark.django_db

NAN = float("nan")
LONG_NUMBER = RawSQL("%s::jsonb", ['{"n": ' + "9" * 5_000 + "}"])


@dataclass(frozen=True)
class Sealed:
    """A secret as a row holds it."""

    secret: str
    in_a_list: bool = False

    def stored(self) -> Any:
        token = encryption.seal(self.secret)
        return [{"sealed": token, "retires_at": None}] if self.in_a_list else token


TOKENS = {"account_sid": "AC" + "0" * 32, "auth_token": "1" * 32}

BAD: list[tuple[type[models.Model], str, Any, str]] = [
    (Provider, "kind", "unknown", "kind: "),
    (Provider, "channel", "fax", "channel: has no providers"),
    (Provider, "options", [], "options: must be an object"),
    (Provider, "options", {"unknown": 1}, "options: "),
    (Provider, "base_url", "http://[::1", "base_url: "),
    (Provider, "credentials", "gAAAAABnonsense", "damaged"),
    (Provider, "credentials", Sealed("nonsense"), "opens to no object; store it anew"),
    (Provider, "credentials", Sealed("[]"), "opens to no object; store it anew"),
    (Provider, "credentials", Sealed('{"account_sid": 7}'), "credentials must all be texts"),
    (Provider, "credentials", Sealed("{}"), "credentials: are missing"),
    (Provider, "options", LONG_NUMBER, "cannot read it"),
    (Provider, "rate_limit", NAN, "rate_limit: must be a number"),
    (Endpoint, "rate_limit", NAN, "rate_limit: must be a number"),
    (Endpoint, "secrets", LONG_NUMBER, "cannot read it"),
    (Endpoint, "secrets", Sealed("no secret", in_a_list=True), "secret: "),
    (Category, "row_retention_days", 2_000_000, "row_retention_days: give a whole number"),
    (Destination, "sealed", "gAAAAABnonsense", "damaged"),
    (Destination, "sealed", Sealed("nonsense"), "opens to no object; store it anew"),
    (Destination, "sealed", Sealed("[]"), "opens to no object; store it anew"),
    (Destination, "channel", "fax", "channel: has no destinations"),
    (Endpoint, "url", "http://[::1", "url: "),
    (Endpoint, "url", "ftp://example.com", "does not begin with https://"),
    (Endpoint, "secrets", [], "secret: is missing"),
    (Endpoint, "secrets", [1], "has not the form"),
    (Endpoint, "secrets", "x", "has not the form"),
    (Endpoint, "owner_email", "nobody", "owner_email: "),
    (Category, "quiet_hours", "never", "quiet_hours: must be one of"),
    (Category, "default_channels", ["fax"], "default_channels: there is no 'fax'"),
    (Category, "digest_template", "nothing", "digest_template: no template is called 'nothing'"),
    (Recipient, "timezone", "Mars/Olympus", "timezone: is no IANA time zone"),
    (Recipient, "quiet_hours", "at night", "quiet_hours: is no window"),
    (Recipient, "locale", "!!", "locale: "),
]


@pytest.fixture
def rows() -> dict[type[models.Model], models.Model]:
    """Make two of each, and give one."""
    for name in ("good", "bad"):
        sender = {"sender": "+15005550006"}
        register_provider(name, channel="sms", kind="twilio", credentials=TOKENS, options=sender)
        register_destination(name, channel="teams", url="https://example.com/workflows/0123456789")
        register_endpoint(name, "https://example.com/hooks")
        save_category(name, name=name)
        save_recipient(name, email=f"{name}@example.com", timezone="Europe/Berlin")
    found: dict[type[models.Model], models.Model] = {
        model: model._default_manager.get(name="bad") for model in (Provider, Destination, Endpoint)
    }
    found |= {model: model._default_manager.get(key="bad") for model in (Category, Recipient)}
    return found


def found() -> list[Finding]:
    return examine(["receivers"])


def test_what_the_doors_have_let_in_can_be_used(
    rows: dict[type[models.Model], models.Model],
) -> None:
    [one] = found()
    assert one.level is Level.HEALTHY
    assert "2 providers, 2 destinations, 2 endpoints" in one.message
    assert "2 recipients" in one.message


@pytest.mark.parametrize(("model", "column", "value", "says"), BAD)
def test_a_row_that_cannot_be_used_is_named_with_what_to_do(
    rows: dict[type[models.Model], models.Model],
    model: type[models.Model],
    column: str,
    value: object,
    says: str,
) -> None:
    key = rows[model].pk
    stored = value.stored() if isinstance(value, Sealed) else value
    model._default_manager.filter(pk=key).update(**{column: stored})
    [one, rest] = found()
    assert (one.level, rest.level) == (Level.DEGRADED, Level.HEALTHY)
    assert "'bad': " in one.message
    assert says in one.message
    assert one.message.startswith(f"1 of the {model._meta.verbose_name_plural} cannot be used")
    assert one.remedy
    if value is LONG_NUMBER:
        return  # the page leads back to the list, as that of any row that cannot be read
    assert problem_of(model._default_manager.get(pk=key)) in one.message

    client = Client()
    client.force_login(User.objects.create_superuser("owner"))
    page = client.get(reverse(f"admin:notifications_{model._meta.model_name}_change", args=[key]))
    assert page.status_code == 200
    assert (b"Cannot be used" in page.content) == (model is Provider)
    told = [str(message) for message in page.context["messages"]]
    assert any("It cannot be used here: " in text and says in text for text in told), told


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("secret", ["nonsense", "[]", "7", '{"account_sid": 7}', ""])
def test_a_provider_that_cannot_be_opened_leaves_its_channel_to_the_others(
    rows: dict[type[models.Model], models.Model],
    secret: str,
) -> None:
    Provider.objects.filter(name="bad").update(credentials=encryption.seal(secret))
    forget_accounts()
    assert [one.name for one in async_to_sync(enabled_accounts)("sms")] == ["good"]
    assert redacted_text("a line that is written afterwards") == "a line that is written afterwards"


@pytest.mark.parametrize("secret", ["nonsense", "[]", "7", ""])
def test_a_destination_that_cannot_be_opened_fails_none_that_is_asked_for_with_it(
    rows: dict[type[models.Model], models.Model], secret: str
) -> None:
    Destination.objects.filter(name="bad").update(sealed=encryption.seal(secret))
    bad, good = open_all([("teams", "bad"), ("teams", "good")])
    assert isinstance(good, Opened)
    assert isinstance(bad, SendResult)
    assert "store it anew" in bad.error


def test_an_instant_that_nobody_can_read_hides_none(
    rows: dict[type[models.Model], models.Model],
) -> None:
    with connection.cursor() as cursor:
        for model in rows:
            cursor.execute(f"UPDATE {model._meta.db_table} SET created_at = 'infinity'")
    assert [one.level for one in found()] == [Level.HEALTHY]


def test_what_is_switched_off_is_no_problem(
    rows: dict[type[models.Model], models.Model],
) -> None:
    Endpoint.objects.filter(name="bad").update(url="ftp://x", enabled=False)
    Provider.objects.filter(name="bad").update(kind="unknown", enabled=False)
    Destination.objects.filter(name="bad").update(channel="fax", enabled=False)
    assert [one.level for one in found()] == [Level.HEALTHY]


def test_many_are_counted_and_few_are_named(rows: dict[type[models.Model], models.Model]) -> None:
    Recipient.objects.bulk_create(
        Recipient(key=f"r{n}", timezone="Mars/Olympus", created_at=_now(), updated_at=_now())
        for n in range(20)
    )
    one, _ = found()
    assert one.message.count("no IANA time zone") == probe.NAMED
    assert "20 of the recipients" in one.message
    assert "and 17 more" in one.message


def _now() -> datetime:
    return Recipient.objects.latest("pk").created_at


def test_the_look_takes_one_query_for_each_table(
    rows: dict[type[models.Model], models.Model], django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(5):
        list(probe.look())


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("rows")
def test_the_command_prints_it() -> None:
    Recipient.objects.filter(key="bad").update(timezone="Mars/Olympus")
    out = StringIO()
    with pytest.raises(SystemExit):
        call_command("check_platform", only=["receivers"], stdout=out)
    assert "1 of the recipients cannot be used here" in out.getvalue()
