"""`manage.py check_beat`: does the beat on this machine do its work?"""

from tasks_core.management.liveness_command import LivenessCommand


class Command(LivenessCommand):
    """Reads what the beat reports on itself."""

    role = "beat"
    help = (
        "Liveness probe: exit with 1 if the beat on this machine stands still or one of its duties is "
        "stuck. Asks neither database nor broker. `python -m tasks_core.liveness beat` does the same "
        "faster."
    )
