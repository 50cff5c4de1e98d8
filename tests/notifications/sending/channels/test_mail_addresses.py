"""Mail addresses are judged as the mail server gets to see them (guarantee 5)."""

import re

import pytest
from django.core.mail.message import sanitize_address
from hypothesis import example, given
from hypothesis import strategies as st

from notifications.mail_address import problem_of

pytestmark = pytest.mark.guarantee(n=5)

NAME = re.compile(
    r"[a-z0-9-]+(\.[a-z0-9-]+)*\.(?=[a-z0-9-]*[a-z])[a-z0-9-]+|localhost", re.IGNORECASE
)
SIGNS = "a1.-[]@<>,:; \u00e9\u0661\u3002\u200d" + "".join(
    chr(code) for code in range(0xFF00, 0xFF60)
)

labels = st.text(SIGNS, min_size=1, max_size=8)
addresses = st.lists(labels, min_size=1, max_size=4).map(lambda parts: "ada@" + ".".join(parts))


@pytest.mark.parametrize(
    "domain",
    [
        "[169.254.169.254]",
        "169.254.169.254",
        "169.254.169.\uff12\uff15\uff14",
        "\uff3b169.254.169.\uff12\uff15\uff14\uff3d",
        "bank.c\uff20d.example",
        "bank.\uff1e,<eve",
        "bank.\u3000com",
        "b.c\uff5c\uff5c",
        "\u00e9" * 60 + ".example",
    ],
)
def test_a_domain_that_is_none_once_it_is_asked_for_is_refused(domain: str) -> None:
    assert problem_of(f"root@{domain}")


@pytest.mark.parametrize(
    "address",
    [
        "ada@example.com",
        "ada@b\u00fccher.example",
        "ada@xn--bcher-kva.example",
        "ada@\u4f8b\u3048.\u30c6\u30b9\u30c8",
        "ada@example.\u0440\u0444",
        '"ada"@example.com',
        "ada@localhost",
    ],
)
def test_addresses_of_all_languages_are_taken(address: str) -> None:
    assert problem_of(address) == ""


@given(addresses)
@example("ada@b.c\uff20d")
def test_what_is_taken_reaches_the_mail_server_as_one_address_at_one_name(address: str) -> None:
    if problem_of(address) == "":
        local, _, domain = sanitize_address(address, "utf-8").partition("@")
        assert (local, bool(NAME.fullmatch(domain))) == ("ada", True)
