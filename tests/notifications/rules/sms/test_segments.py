"""Segments and look-alikes: guarantee 13."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.rules.sms import gsm7
from notifications.rules.sms.normalise import normalise
from notifications.rules.sms.segments import segments

pytestmark = pytest.mark.guarantee(n=13)

GSM = sorted(gsm7.BASIC | gsm7.EXTENDED)


@pytest.mark.parametrize(
    ("text", "encoding", "units", "count"),
    [
        ("a" * 160, "GSM-7", 160, 1),
        ("a" * 161, "GSM-7", 161, 2),
        ("a" * 306, "GSM-7", 306, 2),
        ("a" * 307, "GSM-7", 307, 3),
        ("€" * 80, "GSM-7", 160, 1),
        ("€" * 81, "GSM-7", 162, 2),
        # 153 places hold 76 whole euro signs, so the 77th begins a new part.
        ("€" * 153, "GSM-7", 306, 3),
        ("я" * 70, "UCS-2", 70, 1),
        ("я" * 71, "UCS-2", 71, 2),
        ("я" * 134, "UCS-2", 134, 2),
        ("я" * 135, "UCS-2", 135, 3),
        ("😀" * 35, "UCS-2", 70, 1),
        ("😀" * 36, "UCS-2", 72, 2),
        # 67 places hold 33 whole emoji.
        ("😀" * 67, "UCS-2", 134, 3),
        ("", "GSM-7", 0, 1),
    ],
)
def test_segments_are_counted_as_gateways_charge_them(
    text: str, encoding: str, units: int, count: int
) -> None:
    found = segments(text)
    assert (found.encoding, found.units, found.count) == (encoding, units, count)


def test_a_no_break_space_does_not_double_the_price() -> None:
    text = "You paid 12\u00a0EUR to \u201cBook\u2019s & Co\u201d \u2013 thanks\u2026 " + "x" * 100
    assert segments(text).count == 3
    assert normalise(text) == 'You paid 12 EUR to "Book\'s & Co" - thanks... ' + "x" * 100
    assert segments(normalise(text)).count == 1


def test_a_text_that_needs_unicode_anyway_is_left_as_it_was_written() -> None:
    text = "Привет \u00abКнига\u00bb \u2013 12\u00a0EUR"  # noqa: RUF001
    assert normalise(text) == text


def test_decomposed_letters_are_composed() -> None:
    assert normalise("U\u0308ber") == "Über"
    assert segments(normalise("U\u0308ber")).encoding == "GSM-7"


@given(st.text(alphabet=GSM))
def test_texts_of_the_alphabet_are_counted_in_seven_bits(text: str) -> None:
    found = segments(text)
    assert found.encoding == "GSM-7"
    assert found.units == sum(2 if one in gsm7.EXTENDED else 1 for one in text)


@given(st.text(max_size=2000))
def test_parts_are_never_fewer_than_the_places_need_nor_many_more(text: str) -> None:
    found = segments(text)
    single, part = {"GSM-7": (160, 153), "UCS-2": (70, 67)}[found.encoding]
    if found.encoding == "UCS-2":
        assert found.units == len(text.encode("utf-16-le", "surrogatepass")) // 2
    if found.units <= single:
        assert found.count == 1
    else:
        # At most one place is lost at the end of each part.
        assert -(-found.units // part) <= found.count <= -(-found.units // (part - 1))


@given(st.text(max_size=300))
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once


@given(st.text(alphabet=GSM, max_size=300))
def test_normalising_keeps_a_text_in_seven_bits(text: str) -> None:
    assert gsm7.fits(normalise(text))
