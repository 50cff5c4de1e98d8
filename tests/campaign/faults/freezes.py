"""What is frozen for longer than a lease."""

import time

from tests.campaign.faults.registry import fault
from tests.campaign.stage import BEATS, WORKERS, Stage


@fault
def freeze_child(stage: Stage) -> None:
    """Freeze one process of a pool for longer than a lease."""
    with stage.frozen(stage.children("one")[:1]):
        time.sleep(9)


@fault
def freeze_worker(stage: Stage) -> None:
    """Freeze a worker with its children for longer than a lease."""
    with stage.frozen(stage.tree("one")):
        time.sleep(9)


@fault
def freeze_beats(stage: Stage) -> None:
    """Freeze both beats."""
    with stage.frozen([p for name in BEATS for p in stage.tree(name)]):
        time.sleep(9)


@fault
def freeze_one_beat(stage: Stage) -> None:
    """Freeze one beat."""
    with stage.frozen(stage.tree(BEATS[0])):
        time.sleep(9)


@fault
def freeze_postgres(stage: Stage) -> None:
    """Freeze the database server for longer than a lease."""
    with stage.frozen(stage.postgres_processes()):
        time.sleep(12)


@fault
def freeze_valkey(stage: Stage) -> None:
    """Freeze the broker."""
    with stage.frozen(stage.valkey_processes()):
        time.sleep(12)


@fault
def freeze_all_workers(stage: Stage) -> None:
    """Freeze all workers, as a paused virtual machine is."""
    with stage.frozen([p for name in WORKERS for p in stage.tree(name)]):
        time.sleep(12)
