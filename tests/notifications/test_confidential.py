"""Secret variables: sealed, digested with a key, taken out of texts."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.confidential import (
    MASK,
    Redactor,
    content_digest,
    open_variables,
    seal_variables,
)
from tasks_core.logs import hide_everywhere


@pytest.mark.guarantee(n=4)
def test_sealed_variables_come_back_and_cannot_be_read() -> None:
    sealed = seal_variables({"code": "918273", "deep": {"list": [1, None]}})
    assert "918273" not in sealed
    assert open_variables(sealed) == {"code": "918273", "deep": {"list": [1, None]}}
    assert seal_variables({}) == ""
    assert open_variables("") == {}


plain = st.characters(codec="utf-8", exclude_characters=MASK + "\x00")


@given(
    secret=st.text(plain, min_size=1),
    before=st.text(plain, max_size=20),
    after=st.text(plain, max_size=20),
)
@pytest.mark.guarantee(n=4)
def test_no_secret_survives_redaction(secret: str, before: str, after: str) -> None:
    cleaned = Redactor({"deep": [{"code": secret}]}).clean(before + secret + after, 1000)
    assert MASK in cleaned
    assert all(secret not in piece for piece in cleaned.split(MASK))


@pytest.fixture(scope="module")
def credential() -> str:
    hide_everywhere("CREDENTIAL-OF-THE-ACCOUNT")
    return "CREDENTIAL-OF-THE-ACCOUNT"


small = st.text("abc -.", max_size=60)


@given(before=small, between=small, after=small, limit=st.integers(2, 200), turned=st.booleans())
@pytest.mark.guarantee(n=4)
def test_no_cut_leaves_a_part_of_a_secret_of_the_message_or_of_the_platform(
    credential: str, before: str, between: str, after: str, limit: int, turned: bool
) -> None:
    secrets = ["CODE-OF-THE-MESSAGE", credential]
    first, second = reversed(secrets) if turned else secrets
    said = f"{before}{first}{between}{second}{after}"
    cleaned = Redactor({"code": secrets[0]}).clean_of_all(said, limit)
    assert len(cleaned) <= limit
    assert not any(letter.isupper() for letter in cleaned)


def test_the_longer_of_two_secrets_is_masked_first() -> None:
    assert Redactor({"a": "12", "b": "1234"}).clean("1234 12", 100) == f"{MASK} {MASK}"


def test_numbers_are_secrets_too_and_texts_are_cut() -> None:
    assert Redactor({"code": 918273}).clean("it is 918273", 100) == f"it is {MASK}"
    assert Redactor({}).clean("abcdef", 4) == "abc…"


@pytest.mark.django_db
def test_the_digest_depends_on_content_and_not_on_the_order_of_keys() -> None:
    def digest(content: Any) -> str:
        return content_digest(content)

    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    assert digest({"a": 1}) != digest({"a": 2})
