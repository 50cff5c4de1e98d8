"""Time zones that are stored and that this machine does not know: they are shown, and not used.

django-celery-beat's crontabs cannot be read at all while one of them has such a zone: no page with a list of
them opens, nor that on which it could be corrected.
"""

import io
import struct
from datetime import datetime
from typing import Any, NoReturn, Self
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django_celery_beat.models import CrontabSchedule

# The shortest file that a zone can be read from (RFC 8536): one kind of time, which is UTC.
_FILE = b"TZif" + bytes(16) + struct.pack(">6l", 0, 0, 0, 0, 1, 4) + struct.pack(">lBB", 0, 0, 0)
_FILE += b"UTC\0"


class UnknownZone(ZoneInfo):
    """Has a name, and nothing that can be asked for the time."""

    @classmethod
    def named(cls, name: str) -> Self:
        """Return a zone of this name."""
        return cls.from_file(io.BytesIO(_FILE), key=name)

    def utcoffset(self, dt: datetime | None, /) -> NoReturn:
        """Refuse to say."""
        raise self._unknown()

    def dst(self, dt: datetime | None, /) -> NoReturn:
        """Refuse to say."""
        raise self._unknown()

    def tzname(self, dt: datetime | None, /) -> NoReturn:
        """Refuse to say."""
        raise self._unknown()

    def fromutc(self, dt: datetime, /) -> NoReturn:
        """Refuse to say."""
        raise self._unknown()

    def _unknown(self) -> ValueError:
        return ValueError(f"this machine does not know the time zone {self.key}")


def connect() -> None:
    """Let crontabs be read whatever their zone is; calling it again changes nothing."""
    field: Any = CrontabSchedule._meta.get_field("timezone")
    if "from_db_value" not in vars(field):
        field.from_db_value = _Read(field)


class _Read:
    """Stands in for the field's own reading."""

    def __init__(self, field: Any) -> None:
        self._read = field.from_db_value

    def __call__(self, value: str | None, *parts: Any) -> ZoneInfo | None:
        try:
            zone: ZoneInfo | None = self._read(value, *parts)
        except ValidationError:
            return UnknownZone.named(str(value))
        return zone
