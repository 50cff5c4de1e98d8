"""`manage.py check_worker`: does the worker on this machine do its work?"""

from tasks_core.management.liveness_command import LivenessCommand


class Command(LivenessCommand):
    """Reads what the worker reports on itself."""

    role = "worker"
    help = (
        "Liveness probe: exit with 1 if the worker on this machine stands still or takes no messages, "
        "with 0 if it does, or is busy, or if the broker cannot be reached, which is not its fault. "
        "Asks neither database nor broker. `python -m tasks_core.liveness worker` does the same faster."
    )
