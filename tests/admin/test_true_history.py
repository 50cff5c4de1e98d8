"""The history of a row says what was changed, from what to what, and never a secret."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission, User
from django.test import Client

from notifications.api import publish_template, register_endpoint, register_provider, save_recipient
from notifications.models import Endpoint, Provider, Recipient, Template
from tasks_core.models import RetryPolicy, Schedule
from tests.admin import rows

pytestmark = pytest.mark.django_db


def edit(client: Client, place: str, **answers: Any) -> str:
    """Post a form as a browser would, with some answers changed; return what is on record then."""
    url = f"/admin/{place}/change/"
    form = {name: text.replace("\n", "\r\n") for name, text in rows.form_of(client, url).items()}
    done = client.post(url, {**form, **answers})
    assert done.status_code == 302, done.context["adminform"].form.errors
    return (
        LogEntry.objects.filter(action_flag=2)
        .exclude(change_message="Viewed.")
        .latest("pk")
        .change_message
    )


def test_an_edit_of_a_schedule_is_that_and_nothing_else(operator: Client) -> None:
    schedule = rows.schedule()
    place = f"tasks_core/schedule/{schedule.pk}"
    assert edit(operator, place, expression="45 3 * * *") == (
        "Changed Expression from “30 2 * * *” to “45 3 * * *”."
    )
    assert edit(operator, place, jitter="5m", tags="monthly") == (
        "Changed Jitter from “0s” to “5m”; Tags from nothing to “monthly”."
    )
    assert edit(operator, place, overlap_policy="skip").endswith("from “allow” to “skip”.")
    assert edit(operator, place) == "Saved; nothing was changed."


def test_the_page_of_the_history_shows_it(operator: Client) -> None:
    schedule = rows.schedule()
    edit(operator, f"tasks_core/schedule/{schedule.pk}", expression="45 3 * * *")
    page = rows.text(operator.get(f"/admin/tasks_core/schedule/{schedule.pk}/history/"))
    assert "Expression from “30 2 * * *” to “45 3 * * *”" in page


def test_a_secret_of_a_payload_is_only_named(operator: Client) -> None:
    schedule = rows.schedule(payload={"number": 1, "card": "4111-secret"})
    place = f"tasks_core/schedule/{schedule.pk}"
    assert edit(operator, place, payload='{"number": 1, "card": "4222-secret"}') == (
        "Changed a secret of Payload."
    )
    said = edit(operator, place, payload='{"number": 2, "card": "4333-secret"}')
    assert said.count('"number": ') == 2
    for word in ("4111", "4222", "4333", "gAAAA"):
        assert word not in " ".join(LogEntry.objects.values_list("change_message", flat=True))


def test_credentials_are_only_named(operator: Client) -> None:
    provider = register_provider(
        "gateway", channel="sms", kind="twilio", base_url="https://sms.example",
        credentials={"account_sid": "AC1", "auth_token": "first-token"},
        options={"sender": "+4915112345678"},
    )  # fmt: skip
    said = edit(
        operator,
        f"notifications/provider/{provider.pk}",
        new_credentials='{"account_sid": "AC2", "auth_token": "second-token"}',
        position="7",
    )
    assert "Credentials, which is not shown" in said
    assert "Position from “" in said
    assert "token" not in said.replace("auth_token", "")
    assert Provider.objects.get().position == 7


def test_a_token_in_an_address_is_masked_and_a_persons_address_is_not_kept(
    operator: Client,
) -> None:
    endpoint = register_endpoint("shop", "https://shop.example/hook?token=pass-word-1")
    said = edit(
        operator,
        f"notifications/endpoint/{endpoint.pk}",
        url="https://shop.example/other?token=pass-word-1",
        owner_email="ada@shop.example",
    )
    assert "URL from “" in said
    assert "shop.example/other" in said
    assert "Owner's e-mail" in said
    assert "pass-word-1" not in said
    assert "ada@" not in said
    assert Endpoint.objects.get().owner_email == "ada@shop.example"


def test_of_a_person_only_the_fields_are_named(operator: Client) -> None:
    save_recipient("user-1", addresses={"email": "ada@example.com"})
    person = Recipient.objects.get()
    said = edit(operator, f"notifications/recipient/{person.pk}", email="eve@example.com")
    assert said == "Changed E-mail."


def test_of_a_long_text_the_part_that_differs_is_kept(operator: Client) -> None:
    text = "word " * 60
    publish_template("receipt", subject="Receipt", text=f"{text}Thank you.")
    template = Template.objects.get(name="receipt", channel="email")
    said = edit(operator, f"notifications/template/{template.pk}", text=f"{text}Bye.", _save="1")
    assert "Thank you.”" in said
    assert "Bye.”" in said
    assert len(said) < 250


def test_a_policy_keeps_its_choices_in_words(operator: Client) -> None:
    policy = RetryPolicy.objects.create(name="gentle", jitter="none", max_attempts=4)
    said = edit(operator, f"tasks_core/retrypolicy/{policy.pk}", jitter="full", max_attempts="6")
    assert "Max attempts from “4” to “6”" in said
    assert "Jitter from “" in said


def test_rights_that_a_group_got_and_lost_are_named(client: Client) -> None:
    client.force_login(User.objects.create_superuser("chief"))
    seen, changed = (
        Permission.objects.get(codename=f"{deed}_task", content_type__app_label="tasks_core")
        for deed in ("view", "change")
    )
    group = Group.objects.create(name="night shift")
    group.permissions.add(seen)
    client.post(
        f"/admin/auth/group/{group.pk}/change/", {"name": "night shift", "permissions": changed.pk}
    )
    said = LogEntry.objects.latest("pk").change_message
    assert said == f"Changed Permissions: added “{changed}”, taken away “{seen}”."


def test_the_time_of_an_edit_that_was_refused_is_not_on_record(operator: Client) -> None:
    schedule = rows.schedule()
    url = f"/admin/tasks_core/schedule/{schedule.pk}/change/"
    operator.post(url, {**rows.form_of(operator, url), "expression": "0 99 * * *"})
    assert not LogEntry.objects.exists()
    assert Schedule.objects.get().expression == schedule.expression
