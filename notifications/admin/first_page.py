"""What the first page says of messages: are they late, and who is cut off?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from django.http import HttpRequest

from notifications.lanes.states import endpoint_lane_states
from notifications.lateness import oldest_due
from notifications.providers.states import provider_states
from tasks_core.admin.moments import span
from tasks_core.admin.places import list_url
from tasks_core.admin.tile import Tile, add_tiles

LATE = timedelta(minutes=1)
"""A message that takes longer is worth a look."""


def tiles(request: HttpRequest, now: datetime) -> Iterator[Tile]:
    """Yield what the reader may see."""
    user = request.user
    if user.has_perm("notifications.view_delivery"):
        yield _lateness(now)
    if user.has_perm("notifications.view_endpoint"):
        yield _cut_off("Endpoints", "notifications_endpoint", endpoint_lane_states())
    if user.has_perm("notifications.view_provider"):
        yield _cut_off("Providers", "notifications_provider", provider_states())


def _lateness(now: datetime) -> Tile:
    ages = {channel: now - at for channel, at in oldest_due().items()}
    late = sorted(ages, key=lambda channel: ages[channel], reverse=True)
    worst = ages[late[0]] if late else timedelta(0)
    return Tile(
        label="Oldest due delivery",
        figure=span(worst) if late else "none",
        note=", ".join(f"{name} {span(ages[name])}" for name in late) or "nothing is under way",
        url=list_url("notifications_delivery", **({"channel": late[0]} if late else {})),
        tone="warning" if worst >= LATE else "good",
    )


def _cut_off(who: str, model: str, states: Mapping[str, int]) -> Tile:
    failing = states["open"] + states["half_open"]
    words = {
        "open": "keep failing",
        "half_open": "being tried",
        "paused": "asked for a pause",
        "disabled": "disabled",
    }
    said = [f"{states[state]:,} {word}" for state, word in words.items() if states[state]]
    return Tile(
        label=f"{who} cut off",
        figure=f"{failing + states['paused']:,}",
        note=", ".join(said) or f"all {states['closed']:,} get messages",
        url=list_url(model),
        tone="bad" if failing else "warning" if states["paused"] else "good",
    )


add_tiles("notifications", tiles)
