"""International domain names as they stand in the DNS."""

import re

import idna

_LAST_DOMAIN = re.compile(r"(?<=@)[^\s<>@]+(?=>?\s*$)")


def ascii_domain(domain: str) -> str:
    """Return a domain as it is asked for in the DNS, in lower case.

    By IDNA 2008 with the mapping of UTS 46, as browsers and HTTP clients read it. Its forerunner, which
    Python and Django go by, reads ``fa\u00df.de`` as ``fass.de``, whose owner is another.

    Raises:
        UnicodeError: it is no domain.
    """
    if domain.isascii():
        return domain.lower()
    return idna.encode(domain, uts46=True, std3_rules=True).decode("ascii")


def with_ascii_domain(address: str) -> str:
    """Return a mail address, with a display name or without one, whose domain is as in the DNS.

    Raises:
        UnicodeError: it is no domain.
    """
    return address if address.isascii() else _LAST_DOMAIN.sub(_encoded, address)


def _encoded(found: re.Match[str]) -> str:
    return ascii_domain(found[0])
