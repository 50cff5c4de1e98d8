"""Registering webhook endpoints."""

from typing import Any

import pytest
from pytest_django import Settings

from notifications.api import disable_endpoint, enable_endpoint, register_endpoint
from notifications.exceptions import InvalidEndpoint
from notifications.models import Endpoint
from notifications.sending.endpoints.registration import edit_endpoint, live_secrets
from notifications.sending.standard_webhooks.signing import key_of
from tasks_core import clock

pytestmark = pytest.mark.django_db

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_an_endpoint_gets_a_secret_of_its_own() -> None:
    first = register_endpoint("a", "https://a.example/hook")
    second = register_endpoint("b", "https://b.example/hook")
    [one] = live_secrets(first.secrets, clock.now())
    [other] = live_secrets(second.secrets, clock.now())
    assert one != other
    assert len(key_of(one)) == 32
    assert one not in str(Endpoint.objects.values())


@pytest.mark.parametrize(
    ("name", "url", "secret", "field", "problem"),
    [
        ("", "https://a.example/", None, "name", "1 to 100 characters"),
        ("taken", "https://a.example/", None, "name", "belongs to another endpoint"),
        ("a", "http://a.example/", None, "url", "uses http; use https"),
        ("a", "https://u:p@a.example/", None, "url", "leave them out"),
        ("a", "a.example", None, "url", "does not begin with https://"),
        ("a", "https://a.example/", "whsec_c2hvcnQ=", "secret", "holds 5 bytes"),
    ],
)
def test_a_wrong_field_is_named_and_leaves_no_row(
    name: str, url: str, secret: str | None, field: str, problem: str
) -> None:
    register_endpoint("taken", "https://taken.example/")
    with pytest.raises(InvalidEndpoint, match=problem) as refused:
        register_endpoint(name, url, secret=secret)
    assert refused.value.field == field
    assert Endpoint.objects.count() == 1


@pytest.mark.parametrize(
    ("limit", "value", "problem"),
    [
        ("rate_limit", float("nan"), "must be a number"),
        ("rate_limit", float("inf"), "must be a number"),
        ("rate_limit", True, "must be a number"),
        ("rate_limit", "5", "must be a number"),
        ("rate_limit", 0.0, "greater than or equal to"),
        ("breaker_pause", float("nan"), "must be a number"),
        ("max_concurrency", 1.5, "must be a whole number"),
        ("max_concurrency", 2**31, "less than or equal to"),
        ("breaker_threshold", True, "must be a whole number"),
    ],
)
def test_a_limit_that_is_no_number_is_named(limit: str, value: Any, problem: str) -> None:
    with pytest.raises(InvalidEndpoint, match=problem) as refused:
        register_endpoint("a", "https://a.example/", **{limit: value})
    assert refused.value.field == limit
    assert not Endpoint.objects.exists()


def test_an_edit_to_a_name_that_is_taken_leaves_the_endpoint_as_it_was() -> None:
    register_endpoint("taken", "https://taken.example/")
    endpoint = register_endpoint("a", "https://a.example/")
    with pytest.raises(InvalidEndpoint, match="belongs to another endpoint") as refused:
        edit_endpoint(endpoint.pk, name="taken", url="https://b.example/", secret=SECRET)
    assert refused.value.field == "name"
    endpoint.refresh_from_db()
    assert (endpoint.name, endpoint.url) == ("a", "https://a.example/")


def test_an_endpoint_is_switched_off_and_on_once() -> None:
    endpoint = register_endpoint("a", "https://a.example/")
    assert disable_endpoint(endpoint.pk, reason="x" * 300)
    assert not disable_endpoint(endpoint.pk, reason="again")
    endpoint.refresh_from_db()
    assert (endpoint.enabled, endpoint.disabled_reason) == (False, "x" * 200)
    assert enable_endpoint(endpoint.pk)
    assert not enable_endpoint(endpoint.pk)


def test_http_is_taken_where_the_setting_allows_it(settings: Settings) -> None:
    settings.BELLRINGER = {**settings.BELLRINGER, "OUTGOING_HTTPS_ONLY": False}
    assert register_endpoint("a", "http://127.0.0.1/hook").pk
