"""Whether two URLs lead to the same place: what was entrusted to one must not follow to another."""

from notifications.sending.outgoing.guard import InvalidUrl, check_url


def leads_elsewhere(url: str, before: str) -> bool:
    """Return whether a URL leads to another scheme, host or port than the one ``before``.

    One that cannot be used, by the settings of today, leads elsewhere unless it is the same text.
    """
    if url == before:
        return False
    try:
        return check_url(url).origin != check_url(before).origin
    except InvalidUrl:
        return True
