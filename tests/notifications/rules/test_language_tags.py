"""Language tags as people write them, and what is looked up for them."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from notifications.rules.language_tags import fallbacks, language_tag

SPELLINGS = [
    ("DE", "de"),
    ("de_DE", "de-de"),
    ("pt_BR", "pt-br"),
    ("pt-BR", "pt-br"),
    ("zh-Hant-TW", "zh-hant-tw"),
    (" en_GB\n", "en-gb"),
    ("sr_Latn_RS", "sr-latn-rs"),
    ("", ""),
]
NONE = [
    "German",
    "d",
    "de-",
    "-de",
    "de--at",
    "de at",
    "dé",
    "de-x",
    "\uff11\uff12",
    "de\x00",
    "x" * 21,
]


@pytest.mark.parametrize(("written", "stored"), SPELLINGS)
def test_a_tag_is_stored_in_one_spelling(written: str, stored: str) -> None:
    assert language_tag(written) == stored


@pytest.mark.parametrize("text", [*NONE, None, 7, b"de"])
def test_what_is_no_tag_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="use a language tag such as de, pt-BR or zh-Hant-TW"):
        language_tag(text)


@pytest.mark.parametrize(
    ("tag", "order"),
    [
        ("zh-Hant-TW", ["zh-hant-tw", "zh-hant", "zh", ""]),
        ("zh-Hant-CN-x-a1-b2", ["zh-hant-cn-x-a1-b2", "zh-hant-cn-x-a1", "zh-hant-cn", "zh-hant"]),
        ("de_CH_1996", ["de-ch-1996", "de-ch", "de", ""]),
        ("de", ["de", ""]),
        ("", [""]),
        ("no tag", [""]),
    ],
)
def test_shorter_tags_are_looked_up_as_rfc_4647_says(tag: str, order: list[str]) -> None:
    assert fallbacks(tag)[:4] == order


@given(st.text(max_size=25))
@example("de-DE")
def test_whatever_is_written_is_refused_or_a_fixed_point(text: str) -> None:
    try:
        tag = language_tag(text)
    except ValueError:
        assert fallbacks(text) == [""]
        return
    assert language_tag(tag) == tag
    assert tag.isascii()
    found = fallbacks(text)
    assert (found[0], found[-1]) == (tag, "")
    assert all(language_tag(one) == one for one in found)
    assert sorted(found, key=len, reverse=True) == found
