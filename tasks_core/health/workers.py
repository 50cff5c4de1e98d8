"""Is there a worker that consumes for every queue and for every task type?"""

from collections.abc import Iterator

from tasks_core import clock
from tasks_core.health.age import age
from tasks_core.health.finding import Finding
from tasks_core.health.probe import Reporter
from tasks_core.lanes import expand
from tasks_core.models import Worker
from tasks_core.registry import declared_queues, task_types

report = Reporter("workers")
START = "celery -A scheduler_project worker"


def look() -> Iterator[Finding]:
    """Require that each lane of each queue in use is really consumed, and each type known."""
    workers = list(Worker.objects.alive(clock.now()).filter(role=Worker.Role.WORKER))
    if not workers:
        yield report.unhealthy("no worker is alive: no task is run", f"start one: {START}")
        return
    stuck = [worker for worker in workers if worker.stuck_since is not None]
    yield from (_stuck(worker) for worker in stuck)
    workers = [worker for worker in workers if worker.stuck_since is None]
    yield from (_standing_still(worker) for worker in workers if worker.silent_processes)
    if workers:
        yield report.healthy(f"alive: {', '.join(worker.name for worker in workers)}")
    served = {queue for worker in workers for queue in worker.queues}
    of_types = {registered.queue_name for registered in task_types().values()}
    for queue in sorted(of_types | declared_queues()):
        unserved = [lane for lane in expand([queue]) if lane not in served]
        if unserved:
            yield _unserved(queue, unserved)
    yield from _unknown_types(workers)


def _stuck(worker: Worker) -> Finding:
    since = age(clock.now() - worker.stuck_since) if worker.stuck_since else ""
    return report.degraded(
        f"worker {worker.name} is alive, but does not take messages (for {since})",
        "restart it, and look at its log; a liveness probe with `check_worker` does that by itself",
    )


def _standing_still(worker: Worker) -> Finding:
    pids = ", ".join(map(str, worker.silent_processes or ()))
    return report.degraded(
        f"worker {worker.name} on {worker.hostname}: of its pool, process {pids} stands still; "
        "what it had in hand goes to others when the lease is over",
        f"see what stopped it (a signal, a debugger, swapping, code that never lets go of the interpreter); "
        f"after `kill -9 {pids.replace(',', '')}` the worker starts a new one",
    )


def _unserved(queue: str, lanes: list[str]) -> Finding:
    what = f"queue {queue}" if lanes == expand([queue]) else f"lane {', '.join(lanes)}"
    return report.unhealthy(
        f"no worker consumes {what}: its tasks wait", f"start one: {START} -Q {queue}"
    )


def _unknown_types(workers: list[Worker]) -> Iterator[Finding]:
    known = {name for worker in workers for name in worker.task_types}
    unknown = sorted(set(task_types()) - known)
    if unknown:
        yield report.unhealthy(
            f"no worker that is alive knows the task type {', '.join(unknown)}: its tasks wait",
            "deploy this release to the workers",
        )
