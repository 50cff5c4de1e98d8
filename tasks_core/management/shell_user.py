"""Who types a command."""

import getpass


def shell_user() -> str:
    """Return the name of the shell's user, or nothing where there is none, as in some containers."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return ""
