"""Ids and other numbers as PostgreSQL's bigint holds them, read from addresses, forms and headers."""

LARGEST_BIGINT = 2**63 - 1


def bigint(text: str) -> int | None:
    """Return the whole number from 0 that ``text`` is, or None if it is none that fits.

    Of more digits than the largest has nothing is read: Python refuses thousands of them with an error, and
    their beginning may be only zeros.
    """
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(LARGEST_BIGINT))):
        return None
    found = int(text)
    return found if found <= LARGEST_BIGINT else None
