"""Instants are read in every spelling of RFC 3339, wherever one comes from outside."""

import contextlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.models import EventSource
from notifications.people.suppression.importing import _entry
from notifications.people.suppression.listing import NewEntry
from notifications.provider_events.reading import read_report
from notifications.rendering import filters
from notifications.rules.suppressions import Reason
from notifications.tabular.reading import Row
from notifications.triggers.timestamps import parse_instant
from tasks_core.admin.schedules.keywords import keywords
from tasks_core.admin.toolkit.form_fields.instant import InstantField
from tasks_core.engine.instants import read_instant
from tasks_core.engine.schedule import Exclusions
from tasks_core.management.arguments.instant import instant

NINE = datetime(2026, 7, 1, 9, tzinfo=UTC)


def _of_an_event(text: str) -> object:
    body = {"type": "bounced", "timestamp": text, "data": {"message_id": "m-1"}}
    source = EventSource(name="mail", channel="email")
    return read_report(
        json.dumps(body).encode(), source=source, event_id="e-1", sent_at=NINE
    ).occurred_at


def _of_a_suppression(text: str) -> object:
    default = NewEntry(channel="email", reason=Reason.MANUAL, source="test")
    row = Row(2, {"address": "ada@example.com", "expires_at": text})
    return _entry(row, default).expires_at


def _of_an_exclusion(text: str) -> object:
    period = [text, "2026-07-02T09:00:00Z"]
    return Exclusions.from_json({"periods": [period]}).periods[0][0]


def _of_a_schedule(text: str) -> object:
    return keywords({"kind": "once", "expression": text, "timezone": "UTC"}, None)["at"]


def _in_a_message(text: str) -> object:
    return datetime.fromisoformat(filters.date(text, "c"))


DOORS: dict[str, Callable[[str], object]] = {
    "command": instant,
    "form": InstantField().to_python,
    "schedule": _of_a_schedule,
    "exclusion": _of_an_exclusion,
    "trigger": lambda text: parse_instant("at", text),
    "suppression": _of_a_suppression,
    "provider's event": _of_an_event,
    "message": _in_a_message,
}


@pytest.mark.parametrize(
    "text", ["2026-07-01T09:00:00Z", "2026-07-01t09:00:00z", "2026-07-01 09:00:00.000z"]
)
@pytest.mark.parametrize("door", DOORS)
def test_every_door_reads_lower_case_letters(door: str, text: str) -> None:
    assert DOORS[door](text) == NINE


@given(
    st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)),  # noqa: DTZ001
    st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes))),
    st.sampled_from("Tt "),
    st.sampled_from("Zz"),
)
def test_what_is_written_is_read_back(
    local: datetime, zone: timezone, between: str, zulu: str
) -> None:
    at = local.replace(tzinfo=zone)
    assert read_instant(at.isoformat(between)) == at
    written = local.isoformat(between) + zulu
    assert read_instant(written) == local.replace(tzinfo=UTC)


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(ValueError):
        read_instant(text)
