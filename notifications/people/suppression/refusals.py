"""Addresses that a mail server refuses at once: as if a provider had reported a bounce."""

from collections.abc import Mapping

from notifications.keys.address_hash import address_hash
from notifications.models import Delivery
from notifications.people.suppression.bounces import count_soft_bounce
from notifications.people.suppression.listing import NewEntry, put
from notifications.rules.addresses import TOMBSTONE
from notifications.rules.provider_events import Bounce
from notifications.rules.suppressions import Reason
from tasks_core import clock

SOURCE = "smtp"


def follow_refusals(bounces: Mapping[int, Bounce]) -> None:
    """Put the addresses of refused deliveries on the suppression list, or count soft bounces.

    Of a recipient who was erased meanwhile nothing is written down.
    """
    if not bounces:
        return
    now = clock.now()
    found = Delivery.objects.filter(pk__in=bounces).exclude(address__startswith=TOMBSTONE)
    rows = list(found.order_by("pk").values_list("pk", "channel", "address"))
    put(
        NewEntry(channel=channel, address=address, reason=Reason.HARD_BOUNCE, source=SOURCE)
        for pk, channel, address in rows
        if bounces[pk] is Bounce.HARD
    )
    for hashed, channel in sorted(
        (address_hash(channel, address), channel)
        for pk, channel, address in rows
        if bounces[pk] is Bounce.SOFT
    ):
        count_soft_bounce(channel, hashed, at=now, source=SOURCE)
