"""Ids of rows, as they come from search fields, addresses and forms."""

LARGEST = 2**63 - 1


def row_id(text: str) -> int | None:
    """Return the id that ``text`` is, or None if no row can have it.

    Numbers of more digits are not read at all: Python refuses thousands of them with an error.
    """
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(LARGEST))):
        return None
    found = int(text)
    return found if found <= LARGEST else None
