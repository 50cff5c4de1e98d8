"""Whether a process is there, by its number."""

import os


def pid_exists(pid: int) -> bool:
    """Tell whether a process of this number is on this machine, whoever's it is."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
