"""The first page says whether messages are late and who is cut off."""

from datetime import timedelta

import pytest
from cryptography.fernet import Fernet
from django.contrib.auth.models import Permission, User
from django.test import Client

from notifications.api import (
    disable_endpoint,
    enable_provider,
    notify,
    publish_template,
    register_endpoint,
)
from notifications.digests.held import collect
from notifications.models import Delivery, EndpointLane, Provider, ProviderHealth
from notifications.rules.outcome import Outcome, SendResult
from notifications.sending.pipeline.schedule import schedule
from notifications.sending.providers.admission import Seen, note_each
from tasks_core import clock
from tasks_core.admin.toolkit.tile import Tile
from tasks_core.models import Task

pytestmark = [pytest.mark.django_db, pytest.mark.guarantee(n=19)]


def tiles(client: Client) -> dict[str, Tile]:
    return {tile.label: tile for tile in client.get("/admin/").context["health"]}


def test_all_is_well_where_nothing_was_sent(operator: Client) -> None:
    shown = tiles(operator)
    oldest, endpoints = shown["Oldest due delivery"], shown["Endpoints cut off"]
    assert (oldest.figure, oldest.note) == ("none", "nothing is under way")
    assert (endpoints.figure, endpoints.note) == ("0", "there are none")
    assert {oldest.tone, endpoints.tone, shown["Providers cut off"].tone} == {"good"}


def test_the_oldest_delivery_of_each_channel_is_shown(operator: Client) -> None:
    now = clock.now()
    for channel, to, age in (("email", "ada@example.com", 7), ("console", "ada", 2)):
        publish_template("hello", channel=channel, subject="Hello", text="Hello")
        with clock.frozen(now - timedelta(minutes=age)):
            schedule([notify("hello", to=to, channel=channel).pk], collect=collect)
    with clock.frozen(now):
        oldest = tiles(operator)["Oldest due delivery"]
    assert (oldest.figure, oldest.tone) == ("7 min", "warning")
    assert oldest.note == "email 7 min, console 2 min"
    page = operator.get(oldest.url)
    assert page.status_code == 200
    assert page.context["cl"].result_count == 1


def test_endpoints_and_providers_that_get_nothing_are_counted(operator: Client) -> None:
    ends = [register_endpoint(f"m{n}", f"https://m{n}.example.com/") for n in range(4)]
    error = "the endpoint answered 503"
    now = clock.now()
    EndpointLane.objects.create(
        endpoint=ends[0], breaker="open", last_error=error, last_error_at=now
    )
    EndpointLane.objects.create(endpoint=ends[1], paused_until=now + timedelta(hours=1))
    disable_endpoint(ends[2].pk, reason="gone")
    provider = Provider.objects.create(
        name="sms-main", channel="sms", kind="twilio", credentials="", created_at=now
    )
    note_each([Seen(provider.pk, SendResult(outcome=Outcome.TRANSIENT, error="503"))] * 5)
    shown = tiles(operator)
    endpoints, providers = shown["Endpoints cut off"], shown["Providers cut off"]
    assert (endpoints.figure, endpoints.tone) == ("3", "bad")
    assert endpoints.note == "1 keep failing, 1 asked for a pause, 1 disabled"
    assert (providers.figure, providers.note) == ("1", "1 keep failing")
    assert error in operator.get(endpoints.url).content.decode()


def test_who_may_not_see_endpoints_is_told_nothing_of_them(
    client: Client, django_user_model: type[User]
) -> None:
    user = django_user_model.objects.create_user("eva", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_delivery"))
    client.force_login(user)
    assert set(tiles(client)) == {"Oldest due delivery"}


def test_endpoints_and_providers_that_are_switched_off_are_not_green(operator: Client) -> None:
    for number in range(2):
        endpoint = register_endpoint(f"m{number}", f"https://m{number}.example.com/")
        disable_endpoint(endpoint.pk, reason="gone")
    provider = Provider.objects.create(
        name="sms-main", channel="sms", kind="twilio", credentials="", created_at=clock.now()
    )
    enable_provider("sms-main", on=False)
    shown = tiles(operator)
    endpoints, providers = shown["Endpoints cut off"], shown["Providers cut off"]
    assert (endpoints.figure, endpoints.note, endpoints.tone) == ("2", "2 disabled", "warning")
    assert (providers.figure, providers.note, providers.tone) == ("1", "1 disabled", "warning")
    for url in (providers.url, f"{providers.url}{provider.pk}/change/"):
        assert "Works" not in operator.get(url).content.decode()


def test_a_provider_that_no_key_opens_is_not_green(operator: Client) -> None:
    Provider.objects.create(
        name="sms-main", channel="sms", kind="twilio", credentials="gAAA", created_at=clock.now()
    )
    providers = tiles(operator)["Providers cut off"]
    assert (providers.figure, providers.tone) == ("1", "bad")
    assert providers.note == "1 cannot be used with the keys that are here"
    Provider.objects.update(credentials=Fernet(Fernet.generate_key()).encrypt(b"{}").decode())
    assert tiles(operator)["Providers cut off"].figure == "1"
    assert "Works" not in operator.get(providers.url).content.decode()


def test_a_provider_that_no_key_opens_and_that_asked_for_a_pause_is_counted_once(
    operator: Client,
) -> None:
    now = clock.now()
    provider = Provider.objects.create(
        name="sms-main", channel="sms", kind="twilio", credentials="gAAA", created_at=now
    )
    ProviderHealth.objects.create(provider=provider, paused_until=now + timedelta(hours=1))
    providers = tiles(operator)["Providers cut off"]
    assert (providers.figure, providers.note) == ("1", "1 asked for a pause")


def test_messages_that_no_worker_has_begun_with_are_late(operator: Client) -> None:
    publish_template("hello", channel="console", subject="Hello", text="Hello")
    now = clock.now()
    due = now - timedelta(minutes=7)
    with clock.frozen(
        due - timedelta(minutes=1)
    ):  # of one that is due the delivery is made at once
        notify("hello", to="ada", channel="console", run_after=due)
    with clock.frozen(now):
        oldest = tiles(operator)["Oldest due delivery"]
    assert (oldest.figure, oldest.note, oldest.tone) == ("7 min", "not begun 7 min", "warning")
    assert operator.get(oldest.url).context["cl"].result_count == 1


def test_deliveries_that_wait_for_their_endpoint_are_told(operator: Client) -> None:
    publish_template("hello", channel="console", subject="Hello", text="Hello")
    schedule([notify("hello", to="ada", channel="console").pk], collect=collect)
    Delivery.objects.update(parked_for="lane")
    Task.objects.update(state="SUCCEEDED", finished_at=clock.now())
    oldest = tiles(operator)["Oldest due delivery"]
    assert (oldest.figure, oldest.note) == ("none", "1 wait for their endpoints")
