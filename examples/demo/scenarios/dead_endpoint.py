"""An endpoint that nobody listens at any more: its breaker opens, it is disabled, its owner is told."""

from datetime import datetime

from examples.demo.asked import Asked
from examples.demo.behaviour import DOWN
from examples.demo.checks import Check
from examples.demo.kinds import NOTICE, PAYOUT, key
from examples.demo.scenarios.stage import Found, Stage
from notifications.api import Message, notify_many
from notifications.models import Endpoint
from tasks_core import clock

PAYOUTS = 6
BREAKER_THRESHOLD, BREAKER_PAUSE = 5, 4.5
"""Failures in a row, and the seconds of silence after them: probes go out after 5, 14 and 32 seconds."""


def ask(stage: Stage) -> Asked:
    """Send payouts to the merchant whose endpoint is down, together with the other webhooks for it."""
    endpoint = stage.endpoints[DOWN]
    Endpoint.objects.filter(pk=endpoint.pk).update(
        owner_email=owner(stage.run),
        breaker_threshold=BREAKER_THRESHOLD,
        breaker_pause=BREAKER_PAUSE,
    )
    now = clock.now()
    notify_many("payout", [_payout(stage, endpoint, number, now) for number in range(PAYOUTS)])
    return Asked({PAYOUT: PAYOUTS, NOTICE: 1})


def owner(run: str) -> str:
    """Give the address that is told; one for each run, so that its mail can be told from others."""
    return f"ops+{run}@marigold-flowers.example"


def check(stage: Stage, found: Found) -> Check:
    """Nothing but failures has switched it off, and the mail that says so has arrived."""
    endpoint = Endpoint.objects.get(pk=stage.endpoints[DOWN].pk)
    if endpoint.enabled:
        return Check(False, f"{endpoint.name} takes nothing and was not disabled")
    mails = [found.mails.texts.get(one.identity, "") for one in found.sent(NOTICE, "email")]
    told = sum(endpoint.disabled_reason in mail for mail in mails)
    if told != 1:
        return Check(
            False, f"{endpoint.name} was disabled, and its owner got {told} mails about it"
        )
    return Check(True, f"{endpoint.name} was disabled, its owner told: {endpoint.disabled_reason}")


def _payout(stage: Stage, endpoint: Endpoint, number: int, now: datetime) -> Message:
    return Message(
        to=endpoint,
        context={
            "payout": f"po_{stage.number:05}{number}",
            "cents": 12_500 + number,
            "timestamp": now.isoformat(),
        },
        idempotency_key=key(stage.run, number, PAYOUT),
    )
