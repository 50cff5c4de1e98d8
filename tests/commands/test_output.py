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
    "text",
    [
        "\x1b[2J",
        "a\nb",
        "a\tb",
        "a\u2028b",
        "\ud800",
        "\u202egnp.exe",
        "\u2067a",
        "\x9b31m",
        {"k": "\x1b]0;x\x07"},
    ],
)
def test_nothing_in_a_value_steers_the_terminal(text: object) -> None:
    assert cell(text).isprintable()


@pytest.mark.parametrize(
    "text", ["می\u200cکنید", "\U0001f468\u200d\U0001f467", "1\u202f000\u00a0€"]
)
def test_text_of_all_languages_is_shown_as_it_is(text: str) -> None:
    assert cell(text) == text
