"""A known secret is masked in whatever form it is written, and what is around it stays."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tasks_core.engine.redaction import MASK, KnownSecrets, Redactor
from tasks_core.engine.redaction.known import without
from tasks_core.engine.redaction.readings import readings
from tests.support.written_forms import forms_in, written

SECRETS = (
    "918273645546",
    "https://example.com/l?t=AbC/dEf+1&u=ada@example.com",
    "kQ7-x_Zp.9/w+R=",
    "a\"b\\c'd<e>&f",
    "two words and-more",
    "größe€4711",
)
CASES = [(secret, name) for secret in SECRETS for name in written(secret)]


@pytest.mark.guarantee(n=4)
@pytest.mark.parametrize(("secret", "name"), CASES)
def test_secret_is_masked_in_this_form(secret: str, name: str) -> None:
    form = written(secret)[name]
    for text in (form, f"550 your text {form} is not welcome", f'{{"said": [{form}]}}'):
        kept = without(text, [secret])
        assert MASK in kept
        assert not forms_in(kept, secret), kept
        logged = Redactor().text(text, [KnownSecrets([secret])])
        assert not forms_in(logged, secret), logged


def test_what_is_around_a_secret_stays() -> None:
    text = "550 5.7.1 &lt;b&gt; 100%25 sure\r\n of %41%42%43%31%32 and a=3D b"

    assert without(text, ["abc12"]) == f"550 5.7.1 &lt;b&gt; 100%25 sure\r\n of {MASK} and a=3D b"


def test_text_without_the_secret_stays_as_it_is() -> None:
    text = "a\r\n b &amp; c %20 =41 \\u0041 =?utf-8?q?hello?= aGVsbG8gd29ybGQ="

    assert without(text, ["918273645546"]) == text


@pytest.mark.parametrize(
    ("text", "most"),
    [
        ("task finished", 1),
        ("GET /inbox/?limit=10&offset=20 200", 2),
        ("a &copyright=1 & b=20 &offset=30 \\d", 5),
        ("recovered tasks=54", 2),
        ("File a.py\n    x = 1\nValueError", 2),
    ],
)
def test_text_is_read_no_oftener_than_it_has_readings(text: str, most: int) -> None:
    found = [reading.text for reading in readings(text)]

    assert found[0] == text
    assert len(found) <= most
    assert len(set(found)) == len(found)


plain = st.text(st.characters(codec="utf-8", exclude_characters=MASK), min_size=6, max_size=24)
wrappings = st.lists(st.sampled_from(["url, whole", "url, every byte", "html, numbers", "json"]))


@settings(max_examples=300, deadline=None)
@given(
    secret=plain.filter(lambda text: len(text.strip()) == len(text) and len(text.split()) == 1),
    name=st.sampled_from(sorted(written("x" * 12))),
)
@example("000>00", "folded")
@example("000|00", "folded, in json")
@example("000>00", "quoted lines")
@example("000||0", "quoted lines")
def test_no_form_of_any_secret_survives(secret: str, name: str) -> None:
    form = written(secret).get(name, secret)
    assert not forms_in(without(f"said: {form} .", [secret]), secret)


@settings(max_examples=200, deadline=None)
@given(st.text(), st.text(max_size=200))
def test_any_text_is_read_without_an_error(secret: str, text: str) -> None:
    without(text, [secret])
    Redactor().text(text, [KnownSecrets([secret])])


@settings(max_examples=200, deadline=None)
@given(
    pieces=st.lists(
        st.sampled_from(
            [
                "%",
                "=",
                "\\",
                "&",
                "u0041",
                "x41",
                "41",
                "#65;",
                "amp;",
                "\r\n",
                " ",
                "=?q?q?",
                "?=",
                "550-",
            ]
        )
    )
)
def test_halves_of_forms_are_read_without_an_error(pieces: list[str]) -> None:
    assert without("".join(pieces), ["never there"]) == "".join(pieces)
