"""Unsubscribe links stay in one piece, by the policies of Django 5 and of Django 6."""

from email.message import EmailMessage, Message
from email.policy import SMTP, compat32, default
from typing import Any

import pytest

from notifications.channels.email.unfolded import unfolding

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
