"""What it is about a mail's values that decides how they are written, apart from the values."""

import re
from typing import NamedTuple

from notifications.sending.channels.email.dialogue import is_bare

_BODY = re.compile("[\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\U0010ffff]+")
_SUBJECT = re.compile(r"[\x21-\x7e]+( [\x21-\x7e]+)*")
_LINK = re.compile(r"[\x21-\x7e]*")
_MESSAGE_ID = re.compile(r"[0-9a-f]{32}")
_ENCODED_WORD = "=?"

SHORT = 76
"""Bytes of a line that no version of Python or Django encodes for being long."""
LONG = 990
"""The same, where only the limit of RFC 5322 counts, which is 998."""
_LONGEST_SUBJECT = 64
_LONGEST_ADDRESS = 72


class Body(NamedTuple):
    """Of a text or HTML part. All bodies of one shape are encoded alike."""

    is_ascii: bool
    is_short: bool
    """Whether all lines are."""
    ends_line: bool


def body_shape(body: str) -> Body | None:
    """Return the shape of a body; None if it may need an encoding of its own."""
    if not _BODY.fullmatch(body):
        return None
    longest = len(body) if len(body) <= SHORT // 4 else max(map(len, body.encode().split(b"\n")))
    if longest > LONG:
        return None
    return Body(body.isascii(), longest <= SHORT, body.endswith("\n"))


def are_verbatim(subject: str, address: str, message_id: str, link: str) -> bool:
    """Whether these stand in headers as they are, each on one line."""
    return (
        len(subject) <= _LONGEST_SUBJECT
        and _SUBJECT.fullmatch(subject) is not None
        and len(address) <= _LONGEST_ADDRESS
        and is_bare(address)
        and _MESSAGE_ID.fullmatch(message_id) is not None
        and _LINK.fullmatch(link) is not None
        and _ENCODED_WORD not in subject
        and _ENCODED_WORD not in link
    )
