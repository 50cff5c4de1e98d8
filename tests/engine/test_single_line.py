"""Text of every language is a line; what steers, breaks or deceives is not."""

import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks_core.engine.single_line import is_single_line, single_line
from tests.support.languages import OF_ALL_LANGUAGES

SOURCES = [
    path
    for package in ("tasks_core", "notifications", "scheduler_project")
    for path in (Path(__file__).parents[2] / package).rglob("*.py")
]
REFUSED = ["\n", "\r", "\t", "\x00", "\x7f", "\x85", "\x9b", "\u2028", "\u2029", "\u202d", "\u202e"]


@pytest.mark.parametrize("text", OF_ALL_LANGUAGES)
def test_text_of_all_languages_is_one_line(text: str) -> None:
    assert is_single_line(text)
    assert single_line(text) == text


@pytest.mark.parametrize("character", [*REFUSED, "\ud800"])
def test_what_steers_breaks_or_deceives_is_refused_and_can_be_taken_out(character: str) -> None:
    assert not is_single_line(f"a{character}b")
    assert single_line(f"{character}a {character} b{character}") == "a b"


@given(st.text())
def test_no_other_character_is_refused(text: str) -> None:
    deceives = {"\u202d", "\u202e"}
    refused = [
        one
        for one in text
        if unicodedata.category(one) in {"Cc", "Zl", "Zp", "Cs"} or one in deceives
    ]
    assert is_single_line(text) == (not refused)
    cleaned = single_line(text)
    assert is_single_line(cleaned)
    assert single_line(cleaned) == cleaned
    assert len(cleaned.splitlines()) <= 1


def test_there_is_one_answer_to_which_characters_are_refused() -> None:
    """``isprintable`` refuses joiners, spaces that do not break, and whatever Unicode added lately."""
    assert [str(path) for path in SOURCES if "isprintable(" in path.read_text()] == []
