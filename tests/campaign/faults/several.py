"""Several faults at once."""

import time

from tests.campaign.faults.registry import fault
from tests.campaign.stage import Stage


@fault
def cut_while_killed(stage: Stage) -> None:
    """Kill a worker while the broker is flushed and the database's sessions are ended."""
    with stage.redis() as client:
        client.flushall()
    stage.database["platform"].cut()
    stage.kill_tree("two")
    time.sleep(1)
    stage.start_all()


@fault
def frozen_child_and_dead_broker(stage: Stage) -> None:
    """Freeze a child over the broker's death."""
    with stage.frozen(stage.children("two")[:1]):
        for process in stage.valkey_processes():
            process.kill()
        time.sleep(7)
        stage.restart_valkey()
    time.sleep(1)
