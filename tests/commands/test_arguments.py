"""The types of command-line arguments."""

import io
from argparse import ArgumentTypeError
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tasks_core.management.arguments.duration import duration
from tasks_core.management.arguments.instant import instant
from tasks_core.management.arguments.json_input import json_input, private_json_input
from tasks_core.management.arguments.numbers import identifier, per_second
from tasks_core.management.arguments.priority import priority


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (instant, "2026-07-01T09:00Z", datetime(2026, 7, 1, 9, tzinfo=UTC)),
        (instant, "2026-07-01 09:00:30+02:00", datetime(2026, 7, 1, 7, 0, 30, tzinfo=UTC)),
        (duration, "90", timedelta(seconds=90)),
        (duration, "1.5m", timedelta(seconds=90)),
        (duration, "3d", timedelta(days=3)),
        (priority, "Critical", 0),
        (priority, "3", 3),
        (identifier, "12", 12),
        (per_second, "5/s", 5.0),
        (per_second, "30/m", 0.5),
    ],
)
def test_what_people_write_is_understood(
    read: Callable[[str], Any], text: str, value: object
) -> None:
    assert read(text) == value


@pytest.mark.parametrize(
    ("read", "text", "says"),
    [
        (instant, "2026-07-01T09:00", "has no time zone; write 2026-07-01T09:00Z for UTC"),
        (instant, "2026-07-01T09", "has no time zone; write 2026-07-01T09:00Z for UTC"),
        (instant, "2026-07-01", "has no time zone; write 2026-07-01T00:00Z for UTC"),
        (instant, "tomorrow", "is no date and time; write it like 2026-07-01T09:00"),
        (duration, "soon", "is no length of time; write seconds"),
        (duration, "-5m", "must not be negative"),
        (duration, f"{'9' * 400}d", "is too long"),
        (duration, f"{'9' * 30}d", "is too long"),
        (duration, "2000000d", "is too long; at most 36500d"),
        (priority, "urgent", "is none of critical, high, normal, low"),
        (identifier, "0", "is not an id: a whole number from 1"),
        (identifier, "9" * 30, "is not an id"),
        (per_second, "0", "is no rate from one a day"),
        (per_second, "fast", "is no rate"),
        (per_second, "9" * 400, "is no rate"),
        (per_second, f"0.{'0' * 300}1", "is no rate"),
    ],
)
def test_what_is_not_understood_is_refused_with_what_would_be(
    read: Callable[[str], Any], text: str, says: str
) -> None:
    with pytest.raises(ArgumentTypeError) as refusal:
        read(text)
    assert says in str(refusal.value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_standard_input_is_read_as_programs_write_it(
    encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = io.BytesIO('{"name": "é"}'.encode(encoding))
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(raw, "ascii"))
    assert json_input("-") == {"name": "é"}


def test_standard_input_in_another_encoding_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO('{"name": "é"}'.encode("latin-1"))
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(raw, "ascii"))
    with pytest.raises(ArgumentTypeError, match="standard input is not text in UTF-8"):
        json_input("-")


def test_secrets_are_refused_on_the_command_line(tmp_path: Path) -> None:
    with pytest.raises(ArgumentTypeError, match="do not belong on a command line") as refusal:
        private_json_input('{"code": "271828"}')
    assert "271828" not in str(refusal.value)
    file = tmp_path / "secret.json"
    file.write_text('{"code": "271828"}')
    assert private_json_input(f"@{file}") == {"code": "271828"}
