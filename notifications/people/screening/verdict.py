"""What may stand between a message and its receiver."""

from dataclasses import dataclass
from datetime import datetime

SUPPRESSED = "suppressed"
EXPIRED = "expired"


@dataclass(frozen=True)
class Stop:
    """It must not be sent: ``state`` is how it ends."""

    reason: str
    state: str = SUPPRESSED
    by_channel: bool = False
    """Whether only this channel or address is closed, so that a fallback may go by another."""


@dataclass(frozen=True)
class Wait:
    """It must not be sent now; ask again at ``until``."""

    until: datetime
    reason: str


@dataclass(frozen=True)
class Undecided:
    """Nobody can say now; ask again as after a failure."""

    problem: str


Verdict = Stop | Wait | Undecided
