"""Endpoints: a secret is shown once, when it is made, and never again."""

import json
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from notifications.api import register_endpoint
from notifications.models import Endpoint, EndpointLane
from notifications.sending.endpoints.registration import live_secrets
from tasks_core import clock
from tests.admin import rows

URL = "/admin/notifications/endpoint/"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
def acme(db: None) -> Endpoint:
    return register_endpoint("Acme", "https://hooks.example.com/in", secret=SECRET)


def secrets(endpoint: Endpoint) -> list[str]:
    return live_secrets(Endpoint.objects.get(pk=endpoint.pk).secrets, clock.now())


def test_a_made_secret_is_shown_once_and_kept_nowhere(operator: Client) -> None:
    answer = operator.post(
        f"{URL}add/", {"name": "Acme", "url": "https://hooks.example.com/in", "secret": ""}
    )
    endpoint = Endpoint.objects.get()
    (secret,) = secrets(endpoint)
    assert secret.startswith("whsec_")
    assert secret in rows.text(answer)
    assert "no-store" in answer["Cache-Control"]
    assert secret not in json.dumps([session.get_decoded() for session in Session.objects.all()])
    for url in (URL, f"{URL}{endpoint.pk}/change/", f"{URL}{endpoint.pk}/history/"):
        assert secret not in rows.text(operator.get(url))


def test_a_given_secret_is_not_shown(operator: Client) -> None:
    answer = operator.post(
        f"{URL}add/", {"name": "Acme", "url": "https://hooks.example.com/in", "secret": SECRET}
    )
    assert answer.status_code == 302
    assert secrets(Endpoint.objects.get()) == [SECRET]
    page = rows.text(operator.get(f"{URL}{Endpoint.objects.get().pk}/change/"))
    assert SECRET not in page
    assert "1 in use" in page


@pytest.mark.parametrize(
    ("field", "value", "complaint"),
    [
        ("url", "http://hooks.example.com/in", "https"),
        ("url", "hooks", "https"),
        ("secret", "hunter2", "whsec_"),
        ("name", "", "This field is required"),
        ("owner_email", "root@[169.254.169.254]", "has a number in place of a domain"),
    ],
)
def test_a_wrong_endpoint_is_explained_and_not_stored(
    operator: Client, field: str, value: str, complaint: str
) -> None:
    form = {"name": "Acme", "url": "https://hooks.example.com/in", "secret": "", field: value}
    page = rows.text(operator.post(f"{URL}add/", form))
    assert complaint in page
    assert "hunter2" not in page
    assert not Endpoint.objects.exists()


@pytest.mark.guarantee(n=19)
def test_the_lane_is_shown_with_its_breaker_and_last_error(
    operator: Client, acme: Endpoint
) -> None:
    EndpointLane.objects.create(
        endpoint=acme,
        breaker="open",
        breaker_until=clock.now() + timedelta(minutes=5),
        last_error="the endpoint answered 500",
        last_error_at=clock.now(),
        taken={str(int(clock.now().timestamp()) // 5 * 5): 3},
    )
    page = rows.text(operator.get(f"{URL}{acme.pk}/change/"))
    assert "Breaker open" in page
    assert "the endpoint answered 500" in page
    assert "3 of 20" in page
    assert "Breaker open" in rows.text(operator.get(URL))


def test_the_limits_of_a_lane_are_edited(operator: Client, acme: Endpoint) -> None:
    limits = {
        "owner_email": "owner@acme.example",
        "max_concurrency": "3",
        "rate_limit": "2.5",
        "breaker_threshold": "4",
        "breaker_pause": "60",
    }
    operator.post(f"{URL}{acme.pk}/change/", {"name": "Acme", "url": acme.url, **limits})
    acme.refresh_from_db()
    assert (acme.max_concurrency, acme.rate_limit, acme.owner_email) == (
        3,
        2.5,
        "owner@acme.example",
    )
    wrong = {"name": "Acme", "url": acme.url, **limits, "max_concurrency": "0"}
    page = rows.text(operator.post(f"{URL}{acme.pk}/change/", wrong))
    assert "greater than or equal to 1" in page


def test_editing_changes_name_and_address_only(operator: Client, acme: Endpoint) -> None:
    operator.post(
        f"{URL}{acme.pk}/change/",
        {
            "name": "Acme GmbH",
            "url": "https://hooks.example.com/new",
            "enabled": "",
            "secrets": "[]",
        },
    )
    acme.refresh_from_db()
    assert (acme.name, acme.url, acme.enabled) == (
        "Acme GmbH",
        "https://hooks.example.com/new",
        True,
    )
    assert secrets(acme) == [SECRET]


def test_a_rotated_secret_is_shown_once_and_the_old_one_goes_on(
    operator: Client, acme: Endpoint
) -> None:
    page = rows.text(operator.post(f"{URL}{acme.pk}/rotate-secret/"))
    new, old = secrets(acme)
    assert old == SECRET
    assert new in page
    assert SECRET not in page
    after = rows.text(operator.get(f"{URL}{acme.pk}/change/"))
    assert "2 in use" in after
    assert new not in after


def test_an_endpoint_is_switched_off_with_a_reason_and_on_again(
    operator: Client, acme: Endpoint
) -> None:
    operator.post(f"{URL}{acme.pk}/disable/", {"reason": "moved"})
    acme.refresh_from_db()
    assert (acme.enabled, acme.disabled_reason) == (False, "moved (operator)")
    page = rows.text(operator.get(f"{URL}{acme.pk}/change/"))
    assert "moved (operator)" in page
    assert f"{URL}{acme.pk}/enable/" in page
    operator.post(f"{URL}{acme.pk}/enable/")
    acme.refresh_from_db()
    assert acme.enabled


def test_an_endpoint_cannot_be_deleted(operator: Client, acme: Endpoint) -> None:
    assert operator.post(f"{URL}{acme.pk}/delete/", {"post": "yes"}).status_code == 403
    assert Endpoint.objects.exists()
