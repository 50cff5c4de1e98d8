"""What is stopped in order, or nearly so."""

import signal
import time

from tests.campaign.faults.registry import fault
from tests.campaign.stage import BEATS, WORKERS, Stage


@fault
def deploy_workers(stage: Stage) -> None:
    """Stop the workers in order, and start new ones."""
    for name in WORKERS:
        stage.kill(name, signal.SIGTERM)
        stage.running[name].wait(60)
        stage.start_all()


@fault
def deploy_beats(stage: Stage) -> None:
    """Stop the beats in order, and start new ones."""
    for name in BEATS:
        stage.kill(name, signal.SIGTERM)
        stage.running[name].wait(60)
        stage.start_all()


@fault
def cold_stop(stage: Stage) -> None:
    """Stop a worker by SIGQUIT."""
    stage.kill("one", signal.SIGQUIT)
    stage.running["one"].wait(60)
    stage.start_all()


@fault
def terminate_children(stage: Stage) -> None:
    """Send SIGTERM to the children of a pool, which is not how one stops it."""
    for child in stage.children("one"):
        child.terminate()
    time.sleep(3)
