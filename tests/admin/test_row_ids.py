"""What is taken for the id of a row."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tasks_core.admin.row_ids import LARGEST, row_id


@given(st.text() | st.text("0123456789-+_. ٣²", max_size=25))
@example("9" * 5_000)
@example("٣" * 5_000)
def test_any_text_is_an_id_that_a_row_can_have_or_none(text: str) -> None:
    found = row_id(text)
    assert found is None or (0 <= found <= LARGEST and found == int(text))


@given(st.integers(0, LARGEST))
def test_each_id_is_read(number: int) -> None:
    assert row_id(str(number)) == number


@pytest.mark.parametrize("text", ["", "-1", "+1", " 1", "1_0", "²", str(LARGEST + 1)])
def test_what_no_row_has_is_none(text: str) -> None:
    assert row_id(text) is None
