"""The threads in which a worker's main process says that it is there and that it consumes."""

from typing import Any

from tasks_core import conf
from tasks_core.lanes import CANARY_SUFFIX
from tasks_core.liveness import canary_request
from tasks_core.liveness.canary import Canary, is_possible
from tasks_core.liveness.heartbeat import Heartbeat
from tasks_core.liveness.reporter import Reporter
from tasks_core.liveness.worker_watch import WorkerWatch
from tasks_core.models import Worker
from tasks_core.registry import task_types


class WorkerLife:
    """From the first message that ``worker`` (Celery's WorkController) may take until it has stopped."""

    def __init__(self, worker: Any) -> None:
        name = worker.hostname
        self._sends = is_possible(worker.app.conf.broker_url)
        self._canary = Canary(name, patience=conf.current().liveness_seconds)
        canary_request.listen(self._canary.came_back)
        watch = WorkerWatch(name, worker.pool, self._canary)
        queues = worker.app.amqp.queues.consume_from
        self._presence = Heartbeat(
            name,
            Worker.Role.WORKER,
            queues=[queue for queue in queues if not queue.endswith(CANARY_SUFFIX)],
            task_types=list(task_types()),
            concurrency=worker.concurrency or 0,
            columns=watch.columns,
        )
        self._reporter = Reporter("worker", name, watch.problem, watch.note)

    def begin(self) -> None:
        """Start them."""
        self._presence.start()
        self._reporter.start()
        if self._sends:
            self._canary.start()

    def end(self) -> None:
        """Stop them, and sign off."""
        self._reporter.stop()
        if self._sends:
            self._canary.stop()
        self._presence.stop()
