"""A credential does not follow a changed address, for whoever may edit what stands beside it."""

import json
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from notifications import triggers
from notifications.api import register_endpoint, register_provider
from notifications.exceptions import InvalidTrigger
from notifications.models import CronTrigger, Endpoint, Provider
from notifications.sending.endpoints.registration import live_secrets
from notifications.sending.providers.accounts import account_of
from notifications.sending.standard_webhooks.signing import generate_secret
from notifications.triggers.headers import resolve_headers
from tasks_core import clock, encryption
from tests.admin import rows
from tests.admin.test_sealed_in_forms import MASK, client_with

pytestmark = [pytest.mark.django_db, pytest.mark.guarantee(n=21)]

PROVIDERS = "/admin/notifications/provider/"
ENDPOINTS = "/admin/notifications/endpoint/"
TRIGGERS = "/admin/notifications/crontrigger/"
TOKEN = "0123456789abcdef-token"
ELSEWHERE = [
    "https://evil.example/hook",
    "https://shop.example:8443/hook",
    "https://shop.example.evil.example/hook",
]


@pytest.fixture(autouse=True)
def any_port(settings: Settings) -> None:
    """Another port is another origin, also where it is allowed."""
    settings.BELLRINGER = {**settings.BELLRINGER, "OUTGOING_PORTS": [0]}


@pytest.fixture
def editor() -> Client:
    """Whoever may see and change what calls others, and nothing else."""
    things = ("provider", "endpoint", "crontrigger")
    return client_with(*(f"{deed}_{thing}" for thing in things for deed in ("view", "change")))


@pytest.fixture
def provider() -> Provider:
    return register_provider(
        "sms-main",
        channel="sms",
        kind="twilio",
        credentials={"account_sid": "AC1", "auth_token": TOKEN},
        options={"sender": "Bank"},
        base_url="https://shop.example",
    )


@pytest.fixture
def trigger() -> CronTrigger:
    return triggers.create_cron_trigger("nightly", **definition())


def definition(**change: Any) -> dict[str, Any]:
    return {
        "webhook": "https://shop.example/hook",
        "schedule": "0 3 * * *",
        "headers": [{"name": "Authorization", "value": TOKEN}],
        **change,
    }


def edited(client: Client, page: str, /, **change: str) -> Any:
    """Send the form of a page with a change, as a browser would."""
    return client.post(page, {**rows.form_of(client, page), **change})


def complaints(page: Any) -> str:
    assert page.status_code == 200
    return str(page.context["adminform"].form.errors)


@pytest.mark.parametrize("address", [*ELSEWHERE, ""])
def test_credentials_of_a_provider_do_not_follow_its_address(
    editor: Client, provider: Provider, address: str
) -> None:
    url = f"{PROVIDERS}{provider.pk}/change/"
    page = edited(editor, url, base_url=address)
    assert "do not follow to another address" in complaints(page)
    assert TOKEN not in rows.text(page)
    provider.refresh_from_db()
    assert provider.base_url == "https://shop.example"

    new = json.dumps({"account_sid": "AC2", "auth_token": "another-token"})
    assert edited(editor, url, base_url=address, new_credentials=new).status_code == 302
    provider.refresh_from_db()
    assert account_of(provider).credentials["auth_token"] == "another-token"


def test_credentials_of_a_provider_stay_sealed_with_the_same_address(
    editor: Client, provider: Provider
) -> None:
    before = provider.credentials
    url = f"{PROVIDERS}{provider.pk}/change/"
    change = {"base_url": "https://SHOP.example:443/api/", "options": '{"sender": "Shop"}'}
    assert edited(editor, url, **change, position="7").status_code == 302
    provider.refresh_from_db()
    assert (provider.base_url, provider.position) == ("https://SHOP.example:443/api", 7)
    assert provider.options == {"sender": "Shop"}
    assert provider.credentials == before


def test_a_provider_whose_key_is_lost_is_given_new_credentials(
    editor: Client, provider: Provider
) -> None:
    Provider.objects.update(credentials="damaged")
    url = f"{PROVIDERS}{provider.pk}/change/"
    assert "ENCRYPTION_KEYS" in complaints(edited(editor, url, position="7"))
    new = json.dumps({"account_sid": "AC2", "auth_token": "another-token"})
    assert edited(editor, url, new_credentials=new).status_code == 302


@pytest.mark.parametrize("address", ELSEWHERE)
def test_the_secret_of_an_endpoint_does_not_follow_its_address(
    editor: Client, address: str
) -> None:
    endpoint = register_endpoint("shop", "https://shop.example/hook")
    [secret] = live_secrets(endpoint.secrets, clock.now())
    url = f"{ENDPOINTS}{endpoint.pk}/change/"
    page = edited(editor, url, url=address)
    assert "leads elsewhere now" in complaints(page)
    assert secret not in rows.text(page)
    endpoint.refresh_from_db()
    assert endpoint.url == "https://shop.example/hook"

    new = generate_secret()
    assert edited(editor, url, url=address, secret=new).status_code == 302
    endpoint.refresh_from_db()
    assert endpoint.url == address
    assert live_secrets(endpoint.secrets, clock.now()) == [new]


def test_the_secret_of_an_endpoint_stays_with_the_same_address(editor: Client) -> None:
    endpoint = register_endpoint("shop", "https://shop.example/hook")
    before = endpoint.secrets
    url = f"{ENDPOINTS}{endpoint.pk}/change/"
    assert edited(editor, url, url="https://shop.example/other").status_code == 302
    changed = Endpoint.objects.get()
    assert (changed.url, changed.secrets) == ("https://shop.example/other", before)
    new = generate_secret()
    assert edited(editor, url, secret=new).status_code == 302
    changed.refresh_from_db()
    [old] = live_secrets(before, clock.now())
    assert live_secrets(changed.secrets, clock.now()) == [new, old]


@pytest.mark.parametrize("address", ELSEWHERE)
def test_a_masked_header_of_a_trigger_does_not_follow_its_webhook(
    editor: Client, trigger: CronTrigger, address: str
) -> None:
    url = f"{TRIGGERS}{trigger.pk}/change/"
    assert MASK in rows.text(editor.get(url))
    page = edited(editor, url, webhook=address)
    assert "does not follow to another receiver" in complaints(page)
    trigger.refresh_from_db()
    assert trigger.webhook == "https://shop.example/hook"
    headers = json.dumps([{"name": "Authorization", "value": "another"}])
    assert edited(editor, url, webhook=address, headers=headers).status_code == 302


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/{{ body.id }}",
        "{{ body.payload.url }}",
        "{{ base_url }}.evil.example/",
        "{{ base_url }}@evil.example/",
        "{{- base_url -}} evil",
        "https://shop.example@evil.example/",
        "https://shop.example{{ body.payload }}",
    ],
)
def test_a_masked_header_does_not_follow_the_url_of_a_transform(
    editor: Client, trigger: CronTrigger, url: str
) -> None:
    change = {"request_transform": json.dumps({"url": url})}
    page = edited(editor, f"{TRIGGERS}{trigger.pk}/change/", **change)
    assert "does not follow to another receiver" in complaints(page)
    trigger.refresh_from_db()
    assert trigger.request_transform is None


def test_a_computed_url_lets_no_header_follow_a_changed_payload(editor: Client) -> None:
    trigger = triggers.create_cron_trigger(
        "computed",
        **definition(
            request_transform={"url": "https://{{ body.payload.host }}/"},
            payload={"host": "shop.example"},
        ),
    )
    url = f"{TRIGGERS}{trigger.pk}/change/"
    page = edited(editor, url, payload='{"host": "evil.example"}')
    assert "does not follow to another receiver" in complaints(page)
    assert edited(editor, url, schedule="0 4 * * *").status_code == 302


def test_a_masked_header_stays_with_the_same_receiver(editor: Client, trigger: CronTrigger) -> None:
    [before] = trigger.headers
    url = f"{TRIGGERS}{trigger.pk}/change/"
    for change in (
        {"webhook": "https://shop.example/other?a=1"},
        {"request_transform": '{"url": "{{ base_url }}/{{ body.id }}"}'},
        {"payload": '{"a": 2}', "comment": "for the night"},
    ):
        done = edited(editor, url, **change)
        assert done.status_code == 302, complaints(done)
    trigger.refresh_from_db()
    assert trigger.headers == [before]
    assert [one.value for one in resolve_headers(trigger.headers)] == [TOKEN]
    assert encryption.unseal(before["sealed"]) == TOKEN


def test_a_variable_in_the_address_keeps_its_place(editor: Client) -> None:
    trigger = triggers.create_cron_trigger(
        "by-variable", **definition(webhook="{{ HOOK_SHOP }}/hook")
    )
    url = f"{TRIGGERS}{trigger.pk}/change/"
    assert edited(editor, url, webhook="{{HOOK_SHOP}}/other").status_code == 302
    for webhook in ("{{HOOK_SHOP}}.evil.example/", "{{HOOK_OTHER}}/hook", "https://{{HOOK_SHOP}}/"):
        page = edited(editor, url, webhook=webhook)
        assert "does not follow to another receiver" in complaints(page)


def test_an_import_lets_no_masked_header_follow_either(trigger: CronTrigger) -> None:
    described = definition(headers=[{"name": "Authorization", "value": MASK}])
    triggers.create_cron_trigger("nightly", replace=True, **described)
    with pytest.raises(InvalidTrigger, match="does not follow to another receiver"):
        triggers.create_cron_trigger(
            "nightly", replace=True, **{**described, "webhook": "https://evil.example/"}
        )


def test_an_endpoint_whose_key_is_lost_still_has_a_page(editor: Client) -> None:
    endpoint = register_endpoint("shop", "https://shop.example/hook")
    Endpoint.objects.update(secrets=[{**endpoint.secrets[0], "sealed": "damaged"}])
    assert "1 in use" in rows.text(editor.get(f"{ENDPOINTS}{endpoint.pk}/change/"))
