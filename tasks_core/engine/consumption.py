"""Does a worker take messages and run them? The judgement; the facts are gathered elsewhere."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumption:
    """What a worker knows of itself.

    Attributes:
        waiting_for: seconds for which its own probe message has been in the broker or in its pool without
            coming back; None if none is on its way, or if the broker cannot be asked.
        slots: how many messages its pool runs at a time.
        taken: how many it runs at the moment.
        taken_by_others: how many of these are plain Celery tasks, which have no lease.
        are_leases_renewed: whether any attempt of this worker has a lease that is not over; None if the
            database cannot be asked.
    """

    waiting_for: float | None
    slots: int
    taken: int
    taken_by_others: int
    are_leases_renewed: bool | None


def problem_of(consumption: Consumption, *, patience: float) -> str:
    """Return why the worker does not consume, in words; empty if it does, is busy, or cannot know.

    What is no fault of the worker (a broker or a database out of reach) is no problem of its either: to
    restart it would not help, and would cost what it runs.
    """
    waiting_for = consumption.waiting_for
    if waiting_for is None or waiting_for <= patience:
        return ""
    since = f"its own probe message has not come back for {waiting_for:.0f} s"
    free = consumption.slots - consumption.taken
    if free > 0:
        return f"{since}, although {free} of {consumption.slots} slots are free"
    if consumption.taken_by_others or consumption.are_leases_renewed is not False:
        return ""
    return f"{since}, and the leases of what its {consumption.slots} slots run are not renewed"
