"""Unsubscribe links stay in one piece, by the policies of Django 5 and of Django 6."""

from email.message import EmailMessage, Message
from email.policy import SMTP, compat32, default
from typing import Any

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from notifications.sending.channels.email.unfolded import unfolding

LINK = "<https://notifications.a-bank-with-a-very-long-name.example/u/" + "A1_-" * 30 + ">"


def composed(policy: Any) -> bytes:
    message: Any = Message(policy) if policy is compat32 else EmailMessage(policy)
    message["Subject"] = "Grüße " * 30
    message["List-Unsubscribe"] = LINK
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_payload("Hello")
    message.policy = unfolding(message.policy)
    written: bytes = message.as_bytes(policy=message.policy.clone(linesep="\r\n"))
    return written


@pytest.mark.parametrize("policy", [compat32, default, SMTP])
def test_links_are_written_on_one_line(policy: Any) -> None:
    lines = composed(policy).split(b"\r\n")
    assert lines.count(f"List-Unsubscribe: {LINK}".encode()) == 1
    assert lines.count(b"List-Unsubscribe-Post: List-Unsubscribe=One-Click") == 1


@pytest.mark.parametrize("policy", [compat32, default, SMTP])
def test_other_headers_are_folded_as_before(policy: Any) -> None:
    lines = composed(policy).split(b"\r\n")
    others = [line for line in lines if not line.startswith(b"List-")]
    assert max(map(len, others)) <= 78
    assert len(others) > 5


PLAIN = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=90)
NAMES = st.sampled_from(
    ["Subject", "To", "From", "Date", "Message-ID", "Content-Type", "X-Campaign"]
)


@pytest.mark.parametrize("policy", [compat32.clone(linesep="\r\n"), default, SMTP])
@given(name=NAMES, text=PLAIN)
@settings(max_examples=400)
def test_what_is_written_without_folding_is_what_folding_gives(
    policy: Any, name: str, text: str
) -> None:
    try:
        value = policy.header_store_parse(name, text)[1]
        expected = policy.fold_binary(name, value)
    except Exception:  # noqa: BLE001 the parsers of some headers fail on what is none
        reject()
    assert unfolding(policy).fold_binary(name, value) == expected
