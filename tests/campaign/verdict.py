"""What must be true after a fault, judged from the journal and the caller's book."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tasks_core.engine.states import FINAL
from tasks_core.events.rebuilding import rebuild
from tasks_core.models import Task
from tests.campaign.load import KINDS, Load
from tests.project import journal

UNWRITTEN_SECONDS = 1.0
"""What ended so shortly before a fault may not have been written yet."""

THAWED_SECONDS = 2.0
"""So long a handler of the load goes on at most that was stopped in the middle."""


@dataclass
class Verdict:
    """What was found after one fault; nothing of it may be there but what is only counted."""

    fault: str
    tasks: int = 0
    doubled: int = 0
    overlapped: int = 0
    settled_in: float = 0.0
    slowest_call: float = 0.0
    problems: list[str] = field(default_factory=list)


def judge(
    verdict: Verdict, load: Load, path: Path, *, fault_began: float, fault_ended: float
) -> None:
    """Compare the platform's rows with the journal and the caller's book."""
    states = dict(Task.objects.values_list("pk", "state"))
    expected = load.committed
    verdict.tasks = len(expected)
    say = verdict.problems.append
    missing = [i for i in expected if i not in states]
    if missing:
        say(f"{len(missing)} committed tasks have no row: {missing[:5]}")
    ghosts = [i for i in load.rolled_back if i in states]
    if ghosts:
        say(f"{len(ghosts)} tasks that were rolled back have a row: {ghosts[:5]}")
    known = {**expected, **{i: k for i, k in load.uncertain.items() if i in states}}
    wrong = Counter(
        (kind, str(states[i]))
        for i, kind in known.items()
        if i in states and states[i] != KINDS[kind]
    )
    for (kind, state), count in wrong.items():
        say(f"{count} {kind} ended {state}" if state in FINAL else f"{count} {kind} are {state}")
    _judge_journal(
        verdict, {i for i in known if states.get(i) == "SUCCEEDED"}, path, fault_began, fault_ended
    )
    differences = [found for chunk in rebuild() for found in chunk.differences]
    if differences:
        say(f"{len(differences)} rows do not match their events: {differences[:3]}")


def _judge_journal(
    verdict: Verdict, succeeded: set[int], path: Path, fault_began: float, fault_ended: float
) -> None:
    lines = journal.read(path)
    ends: dict[int, list[float]] = {}
    for line in lines:
        if line.word == "end" and line.task_id in succeeded:
            ends.setdefault(line.task_id, []).append(line.at / 1e9)
    if never := succeeded - ends.keys():
        verdict.problems.append(
            f"{len(never)} tasks SUCCEEDED whose handler never ended: {sorted(never)[:5]}"
        )
    for first, second in journal.overlaps(path):
        # Who was frozen or cut off in the middle goes on afterwards; what counts is that nobody else does.
        if fault_began - UNWRITTEN_SECONDS <= first.at / 1e9 <= fault_ended or any(
            first.at / 1e9 <= fault_began <= end <= fault_ended + THAWED_SECONDS
            for end in ends.get(first.task_id, ())
        ):
            verdict.overlapped += 1
        else:
            verdict.problems.append(f"two executions overlapped: {first} and {second}")
    for task_id, moments in ends.items():
        if len(moments) > 1:
            verdict.doubled += 1
            if not fault_began - UNWRITTEN_SECONDS <= moments[0] <= fault_ended:
                verdict.problems.append(
                    f"task {task_id} was done twice though nothing happened at its first end "
                    f"({moments[0] - fault_began:+.2f} s from the fault)"
                )
