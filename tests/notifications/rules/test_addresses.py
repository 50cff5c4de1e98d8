"""Two spellings of one address have one normal form."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from notifications.rules.addresses import EMAIL, SMS, bare, holds_several, normal_form


@pytest.mark.parametrize(
    ("channel", "spelling", "form"),
    [
        ("email", "ada@example.com", "ada@example.com"),
        ("email", " Ada@EXAMPLE.com. ", "ada@example.com"),
        ("email", "ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("email", "ada@XN--BCHER-KVA.example", "ada@xn--bcher-kva.example"),
        ("email", "A\u0308da@example.com", "äda@example.com"),
        ("sms", "+49 (30) 123 456", "+4930123456"),
        ("sms", "+4930123456", "+4930123456"),
        ("sms", "no number", "nonumber"),
        ("push", " Device-7 ", "Device-7"),
        ("email", '"Ada"@example.com', "ada@example.com"),
        ("email", '"A\\d\\a"@example.com', "ada@example.com"),
        ("email", '"ada lovelace"@example.com', '"ada lovelace"@example.com'),
        ("email", '"a\\"b"@example.com', '"a\\"b"@example.com'),
        ("email", '"a..b"@example.com', '"a..b"@example.com'),
        ("email", "ada@\uff45xample\u3002com", "ada@example.com"),
        ("email", "Ada Lovelace <Ada@Example.com>", "ada@example.com"),
        ("email", '"Lovelace, Ada" <ada@example.com>', "ada@example.com"),
        ("email", "ada@example.com <ada@example.com>", "ada@example.com"),
        ("email", "<ada@example.com>", "ada@example.com"),
        ("email", "mailto:ada%2Bnews@example.com?subject=stop", "ada+news@example.com"),
        ("email", "rfc822; ada@example.com", "ada@example.com"),
        ("email", "RFC822;<ada@example.com>", "ada@example.com"),
        ("email", "ada@fa\u00df.example", "ada@xn--fa-hia.example"),
        ("email", "ada@FASS.example", "ada@fass.example"),
        ("sms", "\u202a+49 30 123456\u202c", "+4930123456"),
        ("sms", "tel:+49-30-123456;phone-context=x", "+4930123456"),
        ("sms", "\uff0b49 30 123456", "+4930123456"),
        ("sms", "+49\u202f30\u202f123456", "+4930123456"),
        ("sms", "+49\u00a030\u2011123456", "+4930123456"),
        ("telegram", "@Bank_News", "@bank_news"),
        ("telegram", "00123", "123"),
        ("telegram", "-100123", "-100123"),
    ],
)
def test_normal_forms(channel: str, spelling: str, form: str) -> None:
    assert normal_form(channel, spelling) == form
    assert normal_form(channel, form) == form


@pytest.mark.parametrize(
    "text",
    ["<" + " " * 60_000 + "x", "mailto:" * 9_000, '\\"' * 30_000, "%25" * 20_000, "@" * 60_000],
)
def test_what_is_no_address_keeps_nobody_busy(text: str) -> None:
    """Looked at in the square of its length, these would take minutes."""
    assert normal_form(EMAIL, text)
    assert not holds_several(text)


@pytest.mark.parametrize(
    "text",
    [
        "ada@example.com, bob@example.com",
        "ada@example.com; Bob <bob@example.com>",
        "ada@example.com bob@example.com",
        "ada@example.com\nbob@example.com",
        "<ada@example.com> <bob@example.com>",
        "ada@example.com (private)",
        "ada@b@example.com",
    ],
)
def test_what_holds_more_than_one_mail_address_is_seen(text: str) -> None:
    assert holds_several(bare(EMAIL, text))


@pytest.mark.parametrize("text", ["ada@example.com", '"a, b@c"@example.com', "", "none"])
def test_one_address_is_one(text: str) -> None:
    assert not holds_several(bare(EMAIL, text))


@given(st.sampled_from([EMAIL, SMS, "telegram", "push"]), st.text(max_size=40))
@example(EMAIL, "mailto:smtp:<ada@example.com>")
@example(EMAIL, "ada@example.com .")
@example(SMS, "A\u00b4")
def test_a_normal_form_is_one_whatever_is_written(channel: str, text: str) -> None:
    form = normal_form(channel, text)
    assert normal_form(channel, form) == form
