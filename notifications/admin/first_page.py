"""What the first page says of messages: are they late, and who is cut off?"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from django.http import HttpRequest

from notifications.oldest_due import oldest_due, unbegun_since
from notifications.sending.endpoint_lanes.states import (
    COUNTED,
    endpoint_lane_states,
    parked_deliveries,
)
from notifications.sending.providers.states import provider_states, unopened_providers
from notifications.states import NotificationState
from tasks_core.admin.toolkit import Tile, add_tiles, list_url, span

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
        states, unopened = provider_states(), unopened_providers()
        states |= {"closed": states["closed"] - unopened, "unopened": unopened}
        yield _cut_off("Providers", "notifications_provider", states)


def _lateness(now: datetime) -> Tile:
    ages = {channel: now - at for channel, at in oldest_due().items()}
    late = sorted(ages, key=lambda channel: ages[channel], reverse=True)
    said = [f"{name} {span(ages[name])}" for name in late]
    if unbegun := unbegun_since(now):
        said.append(f"not begun {span(now - unbegun)}")
    worst = max([*ages.values(), now - (unbegun or now)])
    if parked := parked_deliveries():
        more = "+" if parked >= COUNTED else ""
        said.append(f"{parked:,}{more} wait for their endpoints")
    return Tile(
        label="Oldest due delivery",
        figure=span(worst) if late or unbegun else "none",
        note=", ".join(said) or "nothing is under way",
        url=_late_ones(late, is_unbegun=unbegun is not None),
        tone="warning" if worst >= LATE else "good",
    )


def _late_ones(late: list[str], *, is_unbegun: bool) -> str:
    if late or not is_unbegun:
        return list_url("notifications_delivery", **({"channel": late[0]} if late else {}))
    return list_url("notifications_notification", state__exact=NotificationState.ACCEPTED.value)


def _cut_off(who: str, model: str, states: Mapping[str, int]) -> Tile:
    failing = states["open"] + states["half_open"] + states.get("unopened", 0)
    off = states["paused"] + states["disabled"]
    words = {
        "open": "keep failing",
        "half_open": "being tried",
        "unopened": "cannot be used with the keys that are here",
        "paused": "asked for a pause",
        "disabled": "disabled",
    }
    all_well = f"all {states['closed']:,} get messages" if states["closed"] else "there are none"
    said = [f"{states[state]:,} {word}" for state, word in words.items() if states.get(state)]
    return Tile(
        label=f"{who} cut off",
        figure=f"{failing + off:,}",
        note=", ".join(said) or all_well,
        url=list_url(model),
        tone="bad" if failing else "warning" if off else "good",
    )


add_tiles("notifications", tiles)
