"""Spread what is due at the same instant, the same way in every process."""

from datetime import UTC, datetime, timedelta
from hashlib import blake2b

MICROSECOND = timedelta(microseconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def jitter_delay(key: str, due: datetime, maximum: timedelta) -> timedelta:
    """Return by how much a tick is put off: at least nothing, less than ``maximum``, evenly spread.

    It follows from the schedule's key and the due instant alone, so any two processes agree on it, and
    a schedule's ticks are put off by different amounts.

    Raises:
        ValueError: ``maximum`` is negative, or ``due`` is naive.
    """
    if maximum < timedelta(0):
        raise ValueError(f"maximum must not be negative, not {maximum}")
    if due.utcoffset() is None:
        raise ValueError(f"due must be an aware datetime, {due} has no time zone")
    moment = (due - EPOCH) // MICROSECOND
    digest = blake2b(f"{moment} {key}".encode(), digest_size=8).digest()
    share = int.from_bytes(digest, "big")
    return MICROSECOND * (share * (maximum // MICROSECOND) >> 64)
