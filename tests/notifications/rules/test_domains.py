"""International domains have one owner each: that of IDNA 2008."""

import pytest
from yarl import URL

from notifications.rules.domains import ascii_domain, with_ascii_domain

DOMAINS = [
    ("fa\u00df.de", "xn--fa-hia.de"),
    ("B\u00dcCHER.example", "xn--bcher-kva.example"),
    ("\u03b2\u03cc\u03bb\u03bf\u03c2.com", "xn--nxasmm1c.com"),
    ("\uff45xample\u3002com", "example.com"),
    ("Example.COM", "example.com"),
]


@pytest.mark.parametrize(("written", "asked_for"), DOMAINS)
def test_mail_and_webhooks_go_to_the_same_domain(written: str, asked_for: str) -> None:
    assert ascii_domain(written) == asked_for
    assert URL(f"https://{written}/").raw_host == asked_for


@pytest.mark.parametrize(
    ("written", "as_sent"),
    [
        ("ada@fa\u00df.de", "ada@xn--fa-hia.de"),
        ("B\u00e4nk <ada@fa\u00df.de>", "B\u00e4nk <ada@xn--fa-hia.de>"),
        ("\u00e4da@example.com", "\u00e4da@example.com"),
        ("Bank <ada@example.com>", "Bank <ada@example.com>"),
    ],
)
def test_only_the_domain_of_an_address_changes(written: str, as_sent: str) -> None:
    assert with_ascii_domain(written) == as_sent


@pytest.mark.parametrize("text", ["a\u200db\u00e4.de", "\u00e4..de", "\u00e4" * 64 + ".de"])
def test_what_is_no_domain_is_refused(text: str) -> None:
    with pytest.raises(UnicodeError):
        ascii_domain(text)
