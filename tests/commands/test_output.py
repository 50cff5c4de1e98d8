"""How values are written."""

from datetime import datetime, timedelta, timezone

import pytest

from tasks_core.management.output.cell import cell


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        (True, "yes"),
        (["a", "b"], "a, b"),
        ({"ä": 1}, '{"ä": 1}'),
        (datetime(2026, 1, 1, 2, tzinfo=timezone(timedelta(hours=2))), "2026-01-01 00:00:00Z"),
        ("Zürich, 東京", "Zürich, 東京"),
    ],
)
def test_values_are_written_for_people(value: object, text: str) -> None:
    assert cell(value) == text


@pytest.mark.parametrize(
    "text", ["\x1b[2J", "a\nb", "a\tb", "\u202egnp.exe", "\x9b31m", {"k": "\x1b]0;x\x07"}]
)
def test_nothing_in_a_value_steers_the_terminal(text: object) -> None:
    assert cell(text).isprintable()
