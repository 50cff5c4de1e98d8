"""What is killed."""

import time
from contextlib import suppress

import psutil

import tasks_core
from tasks_core.models import Task
from tests.campaign.faults.registry import fault
from tests.campaign.stage import BEATS, WORKERS, Stage


@fault
def nothing(stage: Stage) -> None:
    """Break nothing: what the judge finds here is the judge's own fault."""
    time.sleep(3)


@fault
def kill_child(stage: Stage) -> None:
    """Kill one process of a worker's pool."""
    stage.children("one")[0].kill()
    time.sleep(2)


@fault
def kill_all_children(stage: Stage) -> None:
    """Kill all processes of a worker's pool at once."""
    for child in stage.children("one"):
        child.kill()
    time.sleep(2)


@fault
def kill_worker_main(stage: Stage) -> None:
    """Kill a worker's main process only; its children are orphans."""
    stage.kill("one")
    time.sleep(2)
    stage.start_all()


@fault
def kill_worker_tree(stage: Stage) -> None:
    """Kill a worker with its children."""
    stage.kill_tree("one")
    time.sleep(1)
    stage.start_all()


@fault
def kill_both_workers(stage: Stage) -> None:
    """Kill all workers."""
    for name in WORKERS:
        stage.kill_tree(name)
    time.sleep(2)
    stage.start_all()


@fault
def kill_a_beat(stage: Stage) -> None:
    """Kill one of the beats."""
    stage.kill(BEATS[0])
    time.sleep(3)
    stage.start_all()


@fault
def kill_both_beats(stage: Stage) -> None:
    """Kill both beats."""
    for name in BEATS:
        stage.kill(name)
    time.sleep(3)
    stage.start_all()


@fault
def kill_everything(stage: Stage) -> None:
    """Kill workers, beats and both servers."""
    for name in (*WORKERS, *BEATS):
        stage.kill_tree(name)
    for process in [*stage.valkey_processes(), *stage.postgres_processes()]:
        with suppress(psutil.Error):
            process.kill()
    time.sleep(1)
    stage.restart_postgres()
    stage.restart_valkey()
    stage.start_all()


@fault
def kill_valkey(stage: Stage) -> None:
    """Kill the broker, and start it again three seconds later."""
    for process in stage.valkey_processes():
        process.kill()
    time.sleep(3)
    stage.restart_valkey()
    time.sleep(2)


@fault
def kill_valkey_often(stage: Stage) -> None:
    """Kill the broker five times."""
    for _ in range(5):
        for process in stage.valkey_processes():
            process.kill()
        time.sleep(1)
        stage.restart_valkey()
        time.sleep(1.5)


@fault
def kill_postgres(stage: Stage) -> None:
    """Kill all processes of the database server, and start it again."""
    for process in stage.postgres_processes():
        with suppress(psutil.Error):
            process.kill()
    time.sleep(3)
    stage.restart_postgres()
    time.sleep(2)


@fault
def kill_a_backend(stage: Stage) -> None:
    """Kill one session's process: PostgreSQL ends all others and recovers."""
    backends = [p for p in stage.postgres_processes() if "UPDATE" in " ".join(p.cmdline())]
    (backends or stage.postgres_processes()[-1:])[0].kill()
    time.sleep(4)


@fault
def restart_postgres_fast(stage: Stage) -> None:
    """Restart the database as a minor upgrade does."""
    stage.servers.postgres.stop()
    stage.restart_postgres()
    time.sleep(2)


@fault
def poison_tasks(stage: Stage) -> None:
    """Enqueue tasks that kill the process that runs them."""
    poison = tasks_core.enqueue_many("project.poison", [{}] * 3)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        states = set(Task.objects.filter(pk__in=poison).values_list("state", flat=True))
        if states == {"DEAD"}:
            return
        time.sleep(0.5)
