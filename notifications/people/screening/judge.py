"""Judges whether one message may go out now."""

import logging
from datetime import UTC, datetime

from notifications import conf
from notifications.conditions import holds
from notifications.exceptions import UnknownCondition
from notifications.models import Category
from notifications.people.screening.known import Known
from notifications.people.screening.subject import Subject
from notifications.people.screening.verdict import EXPIRED, Stop, Undecided, Verdict, Wait
from notifications.rules.preferences import deciding
from notifications.rules.quiet_hours import opens_at, parse_window, release_at
from notifications.rules.suppressions import stopping
from tasks_core.engine.json_text import UnreadText
from tasks_core.engine.schedule.zones import zone_named

logger = logging.getLogger(__name__)

Behaviour = Category.QuietHours


def judge(subject: Subject, known: Known, now: datetime) -> Verdict | None:
    """Return what stands between a message and its receiver; None if nothing does.

    What ends it comes before what delays it. Critical messages are asked for their condition and for
    addresses that do not work; wishes and quiet hours do not hold for them.
    """
    path = known.tree.path(subject.category)
    is_critical = subject.critical or known.tree.is_critical(subject.category)
    return (
        _condition(subject)
        or (None if is_critical else _preference(subject, known, path))
        or _suppression(subject, known, path, is_critical=is_critical)
        or (None if is_critical else _quiet_hours(subject, known, now))
    )


def _condition(subject: Subject) -> Verdict | None:
    name = subject.condition
    if not name:
        return None
    if isinstance(subject.condition_args, UnreadText):
        return Undecided(f"what the condition '{name}' is asked {subject.condition_args}")
    try:
        still_holds = holds(name, subject.condition_args)
    except UnknownCondition as error:
        return Undecided(str(error))
    except Exception as error:  # (the caller's code may raise anything, and others wait)
        logger.exception("condition %s raised", name)
        return Undecided(f"the condition '{name}' raised {type(error).__name__}")
    return None if still_holds else Stop(f"its condition '{name}' does not hold any more")


def _preference(subject: Subject, known: Known, path: tuple[str, ...]) -> Verdict | None:
    found = deciding(known.settings_of(subject), path=path, channel=subject.channel)
    if found is None or found.enabled:
        return None
    what = f"category '{found.category}'" if found.category else "all categories"
    return Stop(f"the recipient switched off {what}{_by(found.channel)}", by_channel=True)


def _by(channel: str) -> str:
    return f" by {channel}" if channel else ""


def _suppression(
    subject: Subject, known: Known, path: tuple[str, ...], *, is_critical: bool
) -> Verdict | None:
    found = stopping(known.entries_of(subject), path=path, is_critical=is_critical)
    if found is None:
        return None
    scope = f" for category '{found.category}'" if found.category else ""
    why = found.reason.replace("_", " ")
    return Stop(f"the address is on the suppression list{scope}: {why}", by_channel=True)


def _quiet_hours(subject: Subject, known: Known, now: datetime) -> Verdict | None:
    behaviour = known.tree.in_quiet_hours(subject.category)
    if subject.recipient_id is None or behaviour == Behaviour.SEND:
        return None
    try:
        opens = _opens(subject, now)
    # Stored when it was right, or on a machine that knows more zones.
    except ValueError as error:
        return Undecided(
            f"the quiet hours of recipient {subject.recipient_id} are not known: {error}"
        )
    if opens is None:
        return None
    if behaviour == Behaviour.DROP:
        return Stop("it was due in the recipient's quiet hours")
    expires_at = subject.expires_at
    if expires_at is not None and expires_at <= opens:
        return Stop("it expires before the recipient's quiet hours end", EXPIRED)
    until = release_at(
        opens,
        key=f"recipient-{subject.recipient_id}",
        jitter=conf.current().quiet_hours_jitter,
        expires_at=expires_at,
    )
    shown = f"{opens.astimezone(UTC):%Y-%m-%d %H:%M}Z"
    return Wait(until, f"quiet hours until {shown}")


def _opens(subject: Subject, now: datetime) -> datetime | None:
    """Return the end of the quiet hours that the recipient is in, None outside of them."""
    settings = conf.current()
    window = parse_window(subject.quiet_hours or settings.quiet_hours)
    if window is None:
        return None
    return opens_at(window, zone_named(subject.timezone or settings.recipient_timezone), now)
