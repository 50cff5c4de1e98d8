"""Two spellings of one address have one normal form."""

import pytest

from notifications.rules.addresses import normal_form


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
        ("telegram", "@Bank_News", "@bank_news"),
        ("telegram", "00123", "123"),
        ("telegram", "-100123", "-100123"),
    ],
)
def test_normal_forms(channel: str, spelling: str, form: str) -> None:
    assert normal_form(channel, spelling) == form
    assert normal_form(channel, form) == form
