"""Time zones by their IANA names."""

from difflib import get_close_matches
from zoneinfo import ZoneInfo, available_timezones

from tasks_core.engine.schedule.errors import InvalidZone


def zone_named(name: str) -> ZoneInfo:
    """Return the time zone of an IANA name such as ``Europe/Berlin``.

    Raises:
        InvalidZone: there is none of that name.
    """
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError):  # a folder's name and "" are errors of their own
        close = get_close_matches(name, sorted(available_timezones()), n=1, cutoff=0.5)
        hint = f"did you mean {close[0]}?" if close else "it must be one such as Europe/Berlin"
        raise InvalidZone("time zone", name, f"is not known, {hint}") from None
