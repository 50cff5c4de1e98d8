"""Run one batch handler and turn what it says of each task into an outcome."""

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from itertools import repeat
from typing import Any

from tasks_core import clock, instrumentation
from tasks_core.batch_item import BatchItem
from tasks_core.context import TaskContext
from tasks_core.correlation_ids import Binding, bound
from tasks_core.current_attempt import current_context
from tasks_core.encryption import KeyMissing
from tasks_core.engine import decision
from tasks_core.engine.outcome import Outcome
from tasks_core.engine.retry import RetryRule
from tasks_core.exceptions import InvalidPayload, Snooze, Yield
from tasks_core.instrumentation import WatchedAttempt, WatchedMember
from tasks_core.outcomes.failures import failure_of
from tasks_core.payloads import secrets_of
from tasks_core.registry import TaskType
from tasks_core.sql.claim import ClaimedTask
from tasks_core.worker import forked_copies
from tasks_core.worker.attempt import Ending, after, succeeded, unloadable
from tasks_core.worker.time_limit import time_limit


@dataclass(frozen=True, slots=True)
class Member:
    """One task of a batch, and what is needed to decide about it."""

    task: ClaimedTask
    context: TaskContext
    rule: RetryRule


def attempt_batch(
    registered: TaskType, members: Sequence[Member]
) -> Generator[Outcome, None, None]:
    """Call the handler with all of ``members``; return one outcome for each, in order, as they come.

    An error that the handler raises, instead of giving it as one task's outcome, is nobody's in
    particular: the tasks without an outcome lose no attempt, and each runs alone next time.
    """
    watched = _watch(registered, members)
    try:
        for outcome, error in _endings(registered, members, watched):
            if watched:
                seen = watched.pop(0)
                seen.seen.outcome, seen.seen.error = outcome, error
                seen.ended()
            yield outcome
    finally:
        for unended in watched:
            unended.ended()


def _watch(registered: TaskType, members: Sequence[Member]) -> list[WatchedMember]:
    if not instrumentation.watchers:
        return []
    return [
        WatchedMember(WatchedAttempt(member.task, registered, member.context)) for member in members
    ]


def _endings(
    registered: TaskType, members: Sequence[Member], watched: Sequence[WatchedMember]
) -> Iterator[Ending]:
    loaded = [
        _loaded(registered, member, seen)
        for member, seen in zip(members, watched or repeat(None), strict=False)
    ]
    items = [item for item in loaded if isinstance(item, BatchItem)]
    answers = _answers(registered, items)
    raised: BaseException | None = None
    for member, item in zip(members, loaded, strict=True):
        if not isinstance(item, BatchItem):
            yield item
            continue
        if raised is None:
            try:
                answer = next(answers)
            except BaseException as error:  # noqa: BLE001 whatever a handler raises is an outcome
                raised = error
            finally:
                forked_copies.end_copy()
        if raised is None:
            yield _of_answer(answer, registered, member)
        else:
            yield of_error(raised, registered, member, company=len(items) - 1)


def _loaded(
    registered: TaskType, member: Member, watched: WatchedMember | None
) -> BatchItem[Any] | Ending:
    """Load one payload; one that no longer fits its schema must not stop the others."""
    member.context.begin()
    try:
        return BatchItem(registered.schema.load(member.task.payload), member.context, watched)
    except InvalidPayload as error:
        return unloadable(error, registered, member.task, member.rule), error
    except BaseException as error:  # noqa: BLE001 it is that task's outcome
        return after(error, registered, member.task, member.rule), error


def _answers(registered: TaskType, items: list[BatchItem[Any]]) -> Iterator[Any]:
    """Call the handler; the time limit begins anew with each answer."""
    handler: Callable[..., Iterable[Any]] = registered.handler
    limit = registered.max_runtime
    nobody = Binding("", current_context.get())
    with _in_the_name_of(items, nobody), time_limit(limit):
        given = handler(items)
    if isinstance(given, list):  # all is done, so there is nothing to limit any more
        yield from given[: len(items)]
        raise _too_few(len(given), items)
    rest = iter(given)
    for number in range(len(items)):
        with _in_the_name_of(items, nobody), time_limit(limit):
            try:
                answer = next(rest)
            except StopIteration:
                raise _too_few(number, items) from None
        yield answer


def _too_few(number: int, items: list[BatchItem[Any]]) -> RuntimeError:
    return RuntimeError(
        f"the handler gave {number} outcomes for {len(items)} tasks; "
        "it must give one for each, in their order"
    )


def _in_the_name_of(items: list[BatchItem[Any]], nobody: Binding) -> AbstractContextManager[None]:
    """A task that is alone is the attempt that runs here; of several none is."""
    return items[0].active() if len(items) == 1 else bound(nobody)


def _of_answer(answer: Any, registered: TaskType, member: Member) -> Ending:
    if isinstance(answer, BaseException):
        return _after(answer, registered, member), answer
    try:
        return succeeded(answer), None
    except Exception as error:  # noqa: BLE001 what cannot be stored is that task's failure
        return _after(error, registered, member), error


def of_error(error: BaseException, registered: TaskType, member: Member, *, company: int) -> Ending:
    """Return what an error that the handler raised comes to for a task that has no outcome yet."""
    if not company or isinstance(error, Snooze | Yield | KeyMissing):
        return _after(error, registered, member), error
    with _attempt_of(member):
        failure = failure_of(error, secrets=secrets_of(member.task.payload))
    return decision.failed_in_company(failure, now=clock.now()), error


def _after(error: BaseException, registered: TaskType, member: Member) -> Outcome:
    with _attempt_of(member):
        return after(error, registered, member.task, member.rule)


@contextmanager
def _attempt_of(member: Member) -> Iterator[None]:
    """What is said in here is said of this attempt: what it has hidden is masked."""
    token = current_context.set(member.context)
    try:
        yield
    finally:
        current_context.reset(token)
