"""The codes that may be kept of a reply."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.rules.reply_codes import codes_of


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("550 5.7.1 your code 918273", "550 5.7.1"),
        ("550-5.7.1 no", "550 5.7.1"),
        ("5.1.10 (null MX)", "5.1.10"),
        ("451 try later", "451"),
        ("550: no", "550"),
        ("550", "550"),
        ("918273", ""),
        ("550273 is your code", ""),
        ("5.7.1234 is", ""),
        ("5.7.1.918273", ""),
        ("your code 550 5.7.1", ""),
        ("", ""),
    ],
)
def test_only_codes_at_the_beginning_are_kept(text: str, codes: str) -> None:
    assert codes_of(text) == codes


@given(st.text())
def test_nothing_else_is_ever_kept(text: str) -> None:
    assert all(character in "0123456789. " for character in codes_of(text))
