"""What a refusal says of the address, by its enhanced status code (RFC 3463 and its registry at IANA)."""

import re

from notifications.rules.provider_events import Bounce

_CODE = re.compile(r"\s*5\.(\d{1,3}\.\d{1,3})(?!\d)")

_ADDRESSES = {
    "1.1": Bounce.HARD,  # no such mailbox
    "1.2": Bounce.SOFT,  # no such domain; or only our server does not find it
    "1.3": Bounce.HARD,  # not an address at all
    "1.6": Bounce.HARD,  # moved, to where nobody says
    "1.10": Bounce.HARD,  # the domain takes no mail (null MX)
    "2.1": Bounce.HARD,  # the mailbox is disabled
    "2.2": Bounce.SOFT,  # the mailbox is full
}
"""Only what is about the receiver's address.

Policy (5.7), content (5.6), routing (5.4), the server (5.3), the sender (5.1.7, 5.1.8) and all that is not
named here say nothing of it, and neither does a reply without a code.
"""


def bounce_of(code: int, text: str) -> Bounce | None:
    """Return what a reply to RCPT or DATA proves of the address, or None.

    Args:
        code: the reply code; only 5xx can prove anything.
        text: the server's words, with the enhanced code in front if it gives one.
    """
    found = _CODE.match(text) if 500 <= code < 600 else None
    return _ADDRESSES.get(found[1]) if found else None
