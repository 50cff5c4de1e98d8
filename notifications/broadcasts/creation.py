"""Make a broadcast and fill it with its audience."""

from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from notifications.broadcasts.chunk_audience import Audience, copy_audience
from notifications.broadcasts.schedule_chunks import plan
from notifications.channel_api.registry import channel_named
from notifications.exceptions import BroadcastNotFound, InvalidBroadcast, InvalidNotification
from notifications.intake.validation import check_terms
from notifications.locales import checked_locale
from notifications.message import ONE_TIME_CODE
from notifications.message_templates.publishing import find_version
from notifications.models import Broadcast
from notifications.states import BroadcastState
from tasks_core import clock, database
from tasks_core.arguments import storable_arguments
from tasks_core.engine.rates import FASTEST, SLOWEST
from tasks_core.engine.single_line import is_single_line

CHUNK_SIZE = 500
LARGEST_CHUNK = 1000
SLICE = timedelta(seconds=5)
"""With a rate, a chunk is at most what may be sent in this time: that is how evenly it goes out."""
IN_FLIGHT, MOST_IN_FLIGHT = 2_000, 2**31 - 1


@storable_arguments(InvalidBroadcast, but={"audience", "locale"}, category=64)
def create_broadcast(  # noqa: PLR0913  (each is one thing a caller may say)
    name: str,
    template: str,
    audience: Audience | None = None,
    *,
    channel: str = "email",
    locale: str = "",
    category: str = "",
    rate: float | None = None,
    run_after: datetime | None = None,
    expires_at: datetime | None = None,
    in_flight: int = IN_FLIGHT,
    chunk_size: int | None = None,
    skip_invalid: bool = False,
    hold: bool = False,
) -> Broadcast:
    """Send a template to a large audience, each address once.

    The audience is copied in chunks, each in a transaction of its own unless the caller has one;
    memory does not grow with it. Sending starts when all of it is copied. If copying stops half
    way, ``fill_broadcast`` with the same audience goes on with it.

    Args:
        name: unique among all broadcasts.
        template: name of a published template; each receiver's version is pinned when it is copied.
        audience: an iterable or a queryset of Receivers, addresses, Recipients or their keys, or Endpoints;
            None makes a draft for ``fill_broadcast``.
        channel: how the messages leave.
        locale: for receivers without one of their own.
        category: as for ``notify``; not ``otp``.
        rate: messages a second; None sends as fast as they leave.
        run_after: aware datetime before which nothing is sent.
        expires_at: aware datetime from which on nothing is sent any more.
        in_flight: no chunk is handed over while so many messages wait to be sent; that is the
            most that still goes out after a pause.
        chunk_size: receivers handed over at once, 1 to 1,000; 500, or less for a slow rate.
        skip_invalid: keep wrong entries apart as rejected instead of refusing them.
        hold: leave it paused when the audience is copied.

    Raises:
        InvalidBroadcast, InvalidNotification: names the argument, and what would be right; no
            broadcast was made. For a wrong entry (``audience[n]``) it is left ``snapshotting``.
    """
    if rate is not None and not SLOWEST <= rate <= FASTEST:
        raise InvalidBroadcast(
            "rate",
            f"must be more than 0 messages a second: at least one a day, at most {FASTEST:,.0f} a second; "
            "None has no limit",
        )
    if not 1 <= in_flight <= MOST_IN_FLIGHT:
        raise InvalidBroadcast("in_flight", f"must be from 1 to {MOST_IN_FLIGHT:,}")
    if chunk_size is not None and not 1 <= chunk_size <= LARGEST_CHUNK:
        raise InvalidBroadcast("chunk_size", f"must be from 1 to {LARGEST_CHUNK:,}")
    if not name or len(name) > 150 or not is_single_line(name):
        raise InvalidBroadcast("name", "give one line of up to 150 characters")
    begins, ends = _terms(category, run_after, expires_at)
    channel_named(channel)
    locale = checked_locale(locale)
    find_version(template, channel, locale)
    try:
        with transaction.atomic(using=database.alias()):
            broadcast = Broadcast.objects.create(
                name=name,
                template=template,
                channel=channel,
                locale=locale,
                category=category,
                rate=rate,
                run_after=begins,
                expires_at=ends,
                in_flight=in_flight,
                chunk_size=chunk_size or _chunk_size(rate),
                created_at=clock.now(),
            )
    except IntegrityError:
        raise InvalidBroadcast("name", "belongs to another broadcast; choose another") from None
    if audience is not None:
        fill_broadcast(name, audience, skip_invalid=skip_invalid, hold=hold)
        broadcast.refresh_from_db()
    return broadcast


@storable_arguments(InvalidBroadcast, but={"audience"})
def fill_broadcast(
    name: str, audience: Audience, *, skip_invalid: bool = False, hold: bool = False
) -> None:
    """Copy the audience of a draft, or go on where copying it has stopped, and start sending.

    Raises:
        BroadcastNotFound: there is none of this name.
        InvalidBroadcast: its audience is complete already, or an entry is wrong (``audience[n]``).
    """
    broadcast = Broadcast.objects.filter(name=name).first()
    if broadcast is None:
        raise BroadcastNotFound(f"there is no broadcast {name!r}; list_broadcasts shows them")
    fillable = (BroadcastState.DRAFT, BroadcastState.SNAPSHOTTING)
    begun = Broadcast.objects.filter(pk=broadcast.pk, state__in=fillable)
    if not begun.update(state=BroadcastState.SNAPSHOTTING):
        raise InvalidBroadcast("name", "its audience is complete already; make a new broadcast")
    copy_audience(broadcast, audience, skip_invalid=skip_invalid)
    with transaction.atomic(using=database.alias()):
        Broadcast.objects.filter(pk=broadcast.pk, state=BroadcastState.SNAPSHOTTING).update(
            state=BroadcastState.PAUSED if hold else BroadcastState.RUNNING,
            reason="held until it is resumed" if hold else "",
            started_at=clock.now(),
        )
        plan(broadcast.pk)


def _chunk_size(rate: float | None) -> int:
    if rate is None:
        return CHUNK_SIZE
    return min(CHUNK_SIZE, max(1, int(rate * SLICE.total_seconds())))


def _terms(
    category: str, run_after: datetime | None, expires_at: datetime | None
) -> tuple[datetime | None, datetime | None]:
    """Check when to begin and when to end, and return both as they are stored."""
    now = clock.now()
    if category == ONE_TIME_CODE:
        raise InvalidBroadcast("category", "otp is for one receiver each; use notify")
    start = check_terms(category, run_after, now)
    begins = None if run_after is None else start
    if expires_at is None:
        return begins, None
    try:
        ends = check_terms(category, expires_at, now)
    except InvalidNotification as error:
        raise InvalidBroadcast("expires_at", error.problem) from None
    if ends <= max(start, now):
        raise InvalidBroadcast("expires_at", "must be later than now and than run_after")
    return begins, ends
