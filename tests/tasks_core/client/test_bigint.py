"""What is taken for an id, or another number of a column."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tasks_core.engine.bigint import LARGEST_BIGINT, bigint


@given(st.text() | st.text("0123456789-+_. ٣²", max_size=25))
@example("9" * 5_000)
@example("٣" * 5_000)
def test_any_text_is_a_number_that_fits_or_none(text: str) -> None:
    found = bigint(text)
    assert found is None or (0 <= found <= LARGEST_BIGINT and found == int(text))


@given(st.integers(0, LARGEST_BIGINT))
def test_each_number_that_fits_is_read(number: int) -> None:
    assert bigint(str(number)) == number


@pytest.mark.parametrize("text", ["", "-1", "+1", " 1", "1_0", "²", str(LARGEST_BIGINT + 1)])
def test_what_does_not_fit_is_none(text: str) -> None:
    assert bigint(text) is None
