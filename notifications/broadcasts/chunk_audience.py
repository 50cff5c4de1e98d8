"""Copy an audience into chunks of receivers, one transaction a chunk, in flat memory."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from django.db import transaction
from django.db.models import Q, QuerySet

from notifications.broadcasts.checking import Checker
from notifications.broadcasts.receiver import Receiver
from notifications.exceptions import InvalidBroadcast
from notifications.models import Broadcast, BroadcastChunk, BroadcastReceiver, Endpoint, Recipient
from notifications.states import BroadcastState
from tasks_core import database

Audience = Iterable[Receiver | str | Endpoint | Recipient]


def copy_audience(broadcast: Broadcast, audience: Audience, *, skip_invalid: bool) -> None:
    """Store the receivers of an audience; those that are stored already are left out.

    Raises:
        InvalidBroadcast: an entry is wrong, and ``skip_invalid`` is not set; names the entry. What
            came before it stays stored, and filling the broadcast again goes on.
    """
    checker = Checker(broadcast)
    position = 0
    for entries in _pages(_receivers(audience), broadcast.chunk_size):
        rows = checker.rows(entries)
        if not skip_invalid:
            _refuse_wrong(rows, position)
        store_chunk(broadcast.pk, rows)
        position += len(entries)


def store_chunk(broadcast_id: int, rows: Sequence[BroadcastReceiver]) -> None:
    """Store rows that are new as the next chunk, and count them and the others.

    The broadcast's lock makes two that fill it take turns, and keeps the count of a crash exact.
    """
    with transaction.atomic(using=database.alias()):
        broadcast = (
            Broadcast.objects.select_for_update(no_key=True)
            .filter(pk=broadcast_id, state=BroadcastState.SNAPSHOTTING)
            .first()
        )
        if broadcast is None:
            raise InvalidBroadcast("state", "it is not being filled any more; make a new broadcast")
        new = _unknown(broadcast_id, rows)
        good = [row for row in new if not row.problem]
        chunk = _chunk(broadcast, len(good)) if good else None
        for row in good:
            row.chunk = chunk
        BroadcastReceiver.objects.bulk_create(new, batch_size=1000)
        Broadcast.objects.filter(pk=broadcast_id, state=BroadcastState.SNAPSHOTTING).update(
            chunks_made=broadcast.chunks_made + bool(good),
            receivers_total=broadcast.receivers_total + len(new),
            rejected=broadcast.rejected + len(new) - len(good),
            duplicates=broadcast.duplicates + len(rows) - len(new),
        )


def _unknown(broadcast_id: int, rows: Sequence[BroadcastReceiver]) -> list[BroadcastReceiver]:
    """Leave out addresses and recipients that are there already, or come twice."""
    stored = BroadcastReceiver.objects.filter(broadcast=broadcast_id).filter(
        Q(identity__in={row.identity for row in rows})
        | Q(recipient__in={row.recipient_id for row in rows if row.recipient_id})
    )
    pairs = list(stored.values_list("identity", "recipient"))
    identities = {identity for identity, _ in pairs}
    recipients = {recipient for _, recipient in pairs if recipient}
    new = []
    for row in rows:
        if row.identity in identities or row.recipient_id in recipients:
            continue
        identities.add(row.identity)
        if row.recipient_id:
            recipients.add(row.recipient_id)
        new.append(row)
    return new


def _chunk(broadcast: Broadcast, size: int) -> BroadcastChunk:
    return BroadcastChunk.objects.create(
        broadcast=broadcast, number=broadcast.chunks_made + 1, size=size
    )


def _refuse_wrong(rows: Sequence[BroadcastReceiver], first: int) -> None:
    for position, row in enumerate(rows, first):
        if row.problem:
            raise InvalidBroadcast(f"audience[{position}]", row.problem)


def _receivers(audience: Audience) -> Iterator[Receiver]:
    entries = audience.iterator(chunk_size=1000) if isinstance(audience, QuerySet) else audience
    for position, entry in enumerate(entries):
        if isinstance(entry, Receiver):
            yield entry
        elif isinstance(entry, str | Endpoint | Recipient):
            yield Receiver(to=entry)
        else:
            raise InvalidBroadcast(
                f"audience[{position}]",
                f"is a {type(entry).__name__}; give a Receiver, an "
                f"address, a Recipient or its key, or an Endpoint",
            )


def _pages(receivers: Iterator[Receiver], size: int) -> Iterator[list[Receiver]]:
    while page := list(islice(receivers, size)):
        yield page
