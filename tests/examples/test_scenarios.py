"""What the demo's scenarios ask for, and what their checks find."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from examples.demo.counts import deliveries, messages
from examples.demo.demonstration import TEMPLATES
from examples.demo.kinds import LABELS
from examples.demo.ledger import Ledger
from examples.demo.scenarios import ASKS, check_all
from examples.demo.scenarios.clocks import DAY_HOUR, NIGHT_HOUR, place_where_it_is
from examples.demo.scenarios.stage import Found, Stage
from examples.payments.merchants import register_merchants
from examples.payments.templates import publish_templates
from notifications.message_templates.builtin import publish_builtin_templates
from notifications.models import BroadcastReceiver, DigestItem, Notification
from tests.examples.conftest import URLS
from tests.examples.test_gateway import event


@pytest.mark.parametrize("hour", range(24))
def test_there_is_always_a_place_where_it_is_night_and_one_where_it_is_day(hour: int) -> None:
    for day in (
        datetime(2026, 1, 15, hour, 40, tzinfo=UTC),
        datetime(2026, 7, 15, hour, tzinfo=UTC),
    ):
        night = day.astimezone(ZoneInfo(place_where_it_is(NIGHT_HOUR, day)))
        assert night.hour < 6
        morning = night.replace(hour=8, minute=0)
        assert morning - night > timedelta(hours=1), "a message that lives an hour sees no morning"
        assert 10 <= day.astimezone(ZoneInfo(place_where_it_is(DAY_HOUR, day))).hour < 20


@pytest.fixture
def stage(db: None, local_endpoints: dict[str, Any]) -> Stage:
    publish_templates()
    publish_builtin_templates(TEMPLATES)
    events = [
        event("payment.refunded", customer={"name": "Ada", "email": f"ada{n}@example.com"})
        for n in range(3)
    ]
    return Stage("demo-20261120-090000-00ff", events, register_merchants(URLS))


def test_all_that_is_asked_for_is_stored_and_counted(stage: Stage) -> None:
    asked: dict[str, int] = {}
    for ask in ASKS:
        asked |= ask(stage).counts
    assert set(asked) <= set(LABELS)
    assert Notification.objects.count() == asked["payout"] + asked["login"] + asked["statement"]
    assert DigestItem.objects.count() == asked["digest"]
    assert BroadcastReceiver.objects.count() == asked["newsletter"] == 3
    assert {one.kind for one in messages(stage.run)} == {"payout", "login", "statement"}


def test_a_run_of_which_nothing_has_arrived_is_found_out(stage: Stage) -> None:
    for ask in ASKS:
        ask(stage)
    found = Found(messages(stage.run), deliveries(stage.run), Ledger(), Ledger())
    texts = [check.text for check in check_all(stage, found) if not check.holds]
    assert texts[0] == "Marigold Flowers takes nothing and was not disabled"
    assert texts[1].startswith("Login codes")
    assert texts[2] == "Quiet hours: 0 of 5 statements are held"
    assert texts[3].startswith("Digests: disputes are not in one mail each")
