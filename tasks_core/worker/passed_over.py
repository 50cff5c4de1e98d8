"""Queued tasks whose message is used up, but whose row somebody had locked when it came."""

import threading
import time
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from tasks_core import clock, conf
from tasks_core.sql.dispatch import give_back, still_queued
from tasks_core.worker import vain_messages


@dataclass(frozen=True, slots=True)
class _Claim:
    task_type: str
    ids: Collection[int]
    at: datetime
    until: float
    is_all: bool


class PassedOver:
    """Gives them back to the dispatcher as soon as their rows are free; no attempt has begun.

    Most of what a claim does not find is simply not ours, and is forgotten at the first look. What is locked
    for long is left to recovery, which finds it like any task without a message.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._claims: list[_Claim] = []

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to give back."""
        return not self._claims

    def add(self, task_type: str, ids: Collection[int], *, at: datetime, is_all: bool) -> None:
        """Note what a claim at this instant has left, and whether that is all of its message."""
        until = time.monotonic() + conf.current().lost_message_seconds
        with self._lock:
            self._claims.append(_Claim(task_type, ids, at, until, is_all))

    def give_back(self) -> None:
        """Give back what is free by now."""
        with self._lock:
            claims, self._claims = self._claims, []
        left: list[_Claim] = []
        try:
            while claims:
                left += _given_back(claims[-1])
                claims.pop()
        finally:  # the database may have closed the connection in between
            with self._lock:
                self._claims += claims + left


def _given_back(claim: _Claim) -> list[_Claim]:
    """Give back what is free of a claim, and return what is left of it."""
    given_back = give_back(
        list(claim.ids), task_type=claim.task_type, queued_by=claim.at, now=clock.now()
    )
    if given_back and claim.is_all:
        vain_messages.note_none_begun()
    rest = set(claim.ids).difference(given_back)
    locked = still_queued(list(rest), queued_by=claim.at) if rest else []
    if not locked or time.monotonic() > claim.until:
        return []
    return [replace(claim, ids=locked)]
