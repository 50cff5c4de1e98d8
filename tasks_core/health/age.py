"""How long something has lasted, in words."""

from datetime import timedelta

UNITS = (("d", 86_400), ("h", 3_600), ("min", 60))


def age(span: timedelta) -> str:
    """Return the length of ``span`` in its largest sensible unit."""
    seconds = int(span.total_seconds())
    for unit, size in UNITS:
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"
