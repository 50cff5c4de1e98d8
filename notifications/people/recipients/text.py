"""Checks of the texts that describe a recipient."""

from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from notifications.channel_api.registry import CHANNELS
from notifications.exceptions import InvalidRecipient
from notifications.locales import checked_locale
from notifications.rules.quiet_hours import parse_window
from tasks_core.engine.single_line import is_single_line

MAX_KEY = 150
MAX_ADDRESS = 2048


def check_key(key: object) -> str:
    """Check a recipient's key, which must not look like an address: ``notify`` takes both.

    Raises:
        InvalidRecipient: says what would be right.
    """
    if not isinstance(key, str):
        raise InvalidRecipient("key", f"is a {type(key).__name__}; give text such as user-17")
    if not key or len(key) > MAX_KEY:
        raise InvalidRecipient("key", f"must have 1 to {MAX_KEY} characters")
    if not is_single_line(key) or key != key.strip():
        raise InvalidRecipient("key", "contains a control character, or space around it")
    if "@" in key or "://" in key or key.startswith("+"):
        raise InvalidRecipient(
            "key", "looks like an address; give your own id of the recipient, such as user-17"
        )
    return key


def check_locale(locale: object) -> str:
    """Check a language tag; return it as it is stored. Nothing is one."""
    return checked_locale(locale, InvalidRecipient)


def check_timezone(name: str) -> str:
    """Check the name of a time zone; nothing is one."""
    try:
        if name:
            ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise InvalidRecipient(
            "timezone", "is no IANA time zone; give one such as Europe/Berlin"
        ) from None
    return name


def check_quiet_hours(text: str) -> str:
    """Check a window of quiet hours, ``off`` or nothing."""
    try:
        parse_window(text)
    except ValueError as error:
        raise InvalidRecipient("quiet_hours", str(error)) from None
    return text


def check_address(channel: str, address: object) -> str:
    """Check an address of a recipient; return it as it is stored.

    Raises:
        InvalidRecipient: names the channel and what is wrong.
    """
    if not isinstance(address, str):
        raise InvalidRecipient(channel, f"is a {type(address).__name__}; give text")
    if channel in CHANNELS:
        [checked] = CHANNELS[channel].addresses([address])
        if isinstance(checked, str):
            raise InvalidRecipient(channel, checked)
        return checked.text
    listed = ", ".join(sorted(CHANNELS))
    raise InvalidRecipient("addresses", f"there is no channel '{channel}'; use {listed}")
