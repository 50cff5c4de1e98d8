"""Statements for people in a place where it is night, and in one where it is day."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from examples.demo.asked import Asked
from examples.demo.checks import Check
from examples.demo.kinds import STATEMENT, key
from examples.demo.scenarios.clocks import DAY_HOUR, NIGHT_HOUR, place_where_it_is
from examples.demo.scenarios.stage import Found, Stage
from notifications.api import notify, save_category, save_recipient
from notifications.models import Notification, Recipient
from tasks_core import clock

QUIET, MORNING = "22:00-08:00", 8
"""They are released within the first quarter of an hour after that."""
DEFERRED, DROPPED = "statements", "offers"
"""Categories: one can wait until the morning, the other is not worth it."""
SLEEPERS, OTHERS, OFFERS = 5, 3, 2


def ask(stage: Stage) -> Asked:
    """Write to all at the same instant."""
    save_category(DEFERRED, name="Statements", quiet_hours="defer")
    save_category(DROPPED, name="Offers", quiet_hours="drop")
    now = clock.now()
    asleep = _people("night", SLEEPERS, place_where_it_is(NIGHT_HOUR, now))
    awake = _people("day", OTHERS, place_where_it_is(DAY_HOUR, now))
    messages = _messages(asleep, awake, now)
    for number, (to, options) in enumerate(messages):
        notify(
            "statement",
            to=to,
            context={"name": to.key, "month": f"{now:%B}"},
            idempotency_key=key(stage.run, number, STATEMENT),
            **options,
        )
    return Asked({STATEMENT: len(messages)})


def check(stage: Stage, found: Found) -> Check:
    """What waits is shown as held, until the morning of that place."""
    held = [message.id for message in found.of(STATEMENT) if message.state == "held"]
    if len(held) != SLEEPERS:
        return Check(False, f"Quiet hours: {len(held)} of {SLEEPERS} statements are held")
    rows = list(Notification.objects.filter(pk__in=held).select_related("recipient"))
    mornings = [_morning(row) for row in rows]
    if not all(mornings):
        return Check(False, "Quiet hours: a statement is held until an hour that is no morning")
    zone = rows[0].recipient.timezone if rows[0].recipient else ""
    return Check(
        True,
        f"Quiet hours: it is night in {zone}; {len(held)} statements are held until {min(mornings)} there",
    )


def _morning(row: Notification) -> str:
    """Return the time on the recipient's clock until which it is held; empty if that is not early."""
    if row.recipient is None or row.held_until is None:
        return ""
    shown = row.held_until.astimezone(ZoneInfo(row.recipient.timezone))
    return f"{shown:%H:%M}" if shown.hour == MORNING else ""


def _people(kind: str, count: int, zone: str) -> list[Recipient]:
    return [
        save_recipient(
            f"demo-{kind}-{n}",
            email=f"{kind}.{n}@people.example",
            timezone=zone,
            quiet_hours=QUIET,
        )
        for n in range(count)
    ]


def _messages(
    asleep: Sequence[Recipient], awake: Sequence[Recipient], now: datetime
) -> list[tuple[Recipient, dict[str, Any]]]:
    """Give whom to write to, and how: an hour is too short a life to see the morning."""
    return [
        *((one, {"category": DEFERRED}) for one in [*asleep, *awake]),
        *((one, {"category": DROPPED}) for one in asleep[:OFFERS]),
        (asleep[0], {"category": DEFERRED, "expires_at": now + timedelta(hours=1)}),
        (asleep[0], {"category": DEFERRED, "critical": True}),
    ]
