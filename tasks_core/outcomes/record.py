"""Write outcomes: the one place where an attempt's end reaches the database."""

from collections.abc import Sequence

from django.db import IntegrityError, transaction

from tasks_core import clock, database
from tasks_core.engine.states import UNSUCCESSFUL, State
from tasks_core.models import DeadLetter
from tasks_core.outcomes.failures import fingerprint
from tasks_core.outcomes.unsuccessful import ReceiverFailed, announce_to_strangers
from tasks_core.outcomes.versions import versions
from tasks_core.signals import attempts_recorded, dead_letters_written
from tasks_core.sql.finish import (
    Evidence,
    FinishedAttempt,
    Written,
    finish,
    finished_before,
    write_dead_letters,
)


def record(attempts: Sequence[tuple[str, FinishedAttempt]]) -> Written:
    """Write the outcomes of ``attempts`` (with their task types) and return what became of them.

    One statement if all went well, a second one for dead letters; all in one transaction.

    Raises:
        ReceiverFailed: a receiver of ``tasks_unsuccessful`` has raised; nothing is written.
    """
    if len({attempt.task_id for _, attempt in attempts}) < len(attempts):
        attempts = _newest(attempts)
    finished = [attempt for _, attempt in attempts]
    unsuccessful = [
        (kind, attempt) for kind, attempt in attempts if attempt.outcome.state in UNSUCCESSFUL
    ]
    if not unsuccessful:
        written = finish(finished)
    else:
        written = _finished_and_told(finished, unsuccessful)
    _tell([attempt for attempt in finished if attempt.task_id in written.ids])
    return written


def _finished_and_told(
    finished: list[FinishedAttempt], unsuccessful: list[tuple[str, FinishedAttempt]]
) -> Written:
    is_told = False
    try:
        with transaction.atomic(using=database.alias()):
            written = finish(finished)
            ended = [(kind, a) for kind, a in unsuccessful if a.task_id in written.ids]
            _bury([(kind, a) for kind, a in ended if a.outcome.state is State.DEAD])
            announce_to_strangers(written.unsuccessful)
            is_told = True
    except IntegrityError as error:
        if is_told:  # found at the commit: ours would have been found before
            raise ReceiverFailed(f"what a receiver has written is refused: {error}") from error
        raise
    return written


def _newest(attempts: Sequence[tuple[str, FinishedAttempt]]) -> list[tuple[str, FinishedAttempt]]:
    """Leave out earlier attempts at the same task: somebody has taken them away before the last one began."""
    in_order = sorted(attempts, key=lambda one: one[1].attempt)
    return list({attempt.task_id: (kind, attempt) for kind, attempt in in_order}.values())


def tell_of_recorded(attempts: Sequence[tuple[str, FinishedAttempt]]) -> set[int]:
    """Return the ids of those ``attempts`` that are on record; tell their listeners.

    For outcomes whose writing has failed: the answer may have been lost, and not the commit.
    """
    ids = finished_before([attempt for _, attempt in attempts])
    written = [attempt for _, attempt in attempts if attempt.task_id in ids]
    dead = [attempt.task_id for attempt in written if attempt.outcome.state is State.DEAD]
    if dead:
        letters = list(DeadLetter.objects.filter(task_id__in=dead).values_list("pk", flat=True))
        dead_letters_written.send_robust(sender=None, ids=letters)
    _tell(written)
    return ids


def _tell(effective: list[FinishedAttempt]) -> None:
    if effective and attempts_recorded.has_listeners():
        attempts_recorded.send_robust(sender=None, attempts=effective)


def _bury(dead: list[tuple[str, FinishedAttempt]]) -> None:
    if not dead:
        return
    evidence = [_evidence(kind, attempt) for kind, attempt in dead]
    ids = write_dead_letters(evidence, versions=versions(), now=clock.now())
    transaction.on_commit(
        lambda: dead_letters_written.send_robust(sender=None, ids=ids), using=database.alias()
    )


def _evidence(kind: str, attempt: FinishedAttempt) -> Evidence:
    failure = attempt.outcome.failure
    if failure is None:
        raise ValueError(f"task {attempt.task_id} is dead without a failure")
    return Evidence(
        task_id=attempt.task_id,
        reason=attempt.outcome.reason[:200],
        error=failure.error[:200],
        message=failure.message,
        traceback=failure.traceback,
        fingerprint=fingerprint(kind, failure),
    )
