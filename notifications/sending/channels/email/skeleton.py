"""A mail as Django writes it, with places for the values of another of the same kind.

Python's package for mails looks at each character of each header. Where no value needs an encoding, two mails
differ in nothing but their values; so Django writes one with marks in their places, and others are filled in.
"""

import random
import re
import sys
from dataclasses import dataclass, replace
from secrets import token_hex
from typing import NamedTuple

from django.conf import settings
from django.core.mail.backends.smtp import EmailBackend as SmtpBackend

from notifications.channel_api.sendable import Sendable
from notifications.rendering.compiled import Rendered
from notifications.sending.channels.email.by_django import write_by_django
from notifications.sending.channels.email.letter import Letter
from notifications.sending.channels.email.message import message_id_domain
from notifications.sending.channels.email.shape import LONG, Body, are_verbatim, body_shape

_BOUNDARY = re.compile(rb'boundary="(={15}\d{19}==)"')


class Kind(NamedTuple):
    """What mails must have in common to be written by the same skeleton."""

    sender: str
    domain: str
    text: Body
    html: Body | None
    has_link: bool


def kind_of(sendable: Sendable) -> Kind | None:
    """Return the kind of a mail; None if only Django can write it."""
    content = sendable.content
    text = body_shape(content.text)
    html = body_shape(content.html) if content.html else None
    if text is None or (content.html and html is None):
        return None
    link = sendable.unsubscribe_url
    if not are_verbatim(content.subject, sendable.address, sendable.message_id, link):
        return None
    return Kind(settings.DEFAULT_FROM_EMAIL, message_id_domain(), text, html, bool(link))


@dataclass(frozen=True, slots=True)
class Skeleton:
    """Holds for the second in which it was made, because it has the date in it."""

    sender: str
    """As the command MAIL names it."""
    pattern: bytes

    def filled(self, sendable: Sendable) -> Letter:
        """Write a mail of the kind that the skeleton is of."""
        values = {
            name.encode(): value.replace("\n", "\r\n").encode()
            for name, value in _values(sendable).items()
        }
        values[b"boundary"] = _boundary(sendable.content)
        return Letter(self.sender, sendable.address, self.pattern % values)


def skeleton_for(kind: Kind, sendable: Sendable, backend: SmtpBackend) -> Skeleton | None:
    """Let Django write a mail of a kind, and make a skeleton of it; None if it encodes such values."""
    marked = _marked(kind, sendable)
    written = write_by_django(backend, marked)
    pattern = written.content.replace(b"%", b"%%")
    for name, mark in _values(marked).items():
        found = mark.replace("\n", "\r\n").encode()
        if mark and pattern.count(found) != 1:
            return None
        if mark:
            pattern = pattern.replace(found, b"%%(%s)b" % name.encode())
    if kind.html is not None:
        found_boundary = _BOUNDARY.search(pattern)
        if found_boundary is None:
            return None
        pattern = pattern.replace(found_boundary[1], b"%(boundary)b")
    return Skeleton(written.sender, pattern)


def _values(sendable: Sendable) -> dict[str, str]:
    content = sendable.content
    return {
        "subject": content.subject,
        "address": sendable.address,
        "message_id": sendable.message_id,
        "link": sendable.unsubscribe_url,
        "text": content.text,
        "html": content.html,
    }


def _marked(kind: Kind, sendable: Sendable) -> Sendable:
    return replace(
        sendable,
        address=f"{token_hex(8)}@{token_hex(8)}.example",
        message_id=token_hex(16),
        unsubscribe_url=f"https://{token_hex(8)}.example/u" if kind.has_link else "",
        content=Rendered(
            token_hex(8), _body(kind.text), _body(kind.html) if kind.html is not None else ""
        ),
    )


def _body(shape: Body) -> str:
    """Make a text of this shape that is found again."""
    return "".join(
        (
            token_hex(8),
            "" if shape.is_ascii else "é\u20ac\U0001d11e",
            "" if shape.is_short else "\n" + "x" * LONG,
            "\n" if shape.ends_line else "",
        )
    )


def _boundary(content: Rendered) -> bytes:
    """Draw what separates the parts, in Python's form; it must not be in one of them."""
    if not content.html:
        return b""
    while True:
        drawn = f"{'=' * 15}{random.randrange(sys.maxsize):019d}=="
        if drawn not in content.text and drawn not in content.html:
            return drawn.encode()
