"""Destinations that are a URL with a secret in it."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from notifications.exceptions import InvalidProvider
from notifications.sending.outgoing.guard import InvalidUrl, check_url


def checked_url(secret: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """Check ``url=...``; return what is sealed, and the host, which is no secret.

    Raises:
        InvalidProvider: says what is wrong, without the URL.
    """
    if set(secret) != {"url"} or not isinstance(secret["url"], str):
        raise InvalidProvider("url", "is required, and is all that is; give url='https://...'")
    try:
        check_url(secret["url"])
    except InvalidUrl as error:
        raise InvalidProvider("url", str(error)) from None
    return dict(secret), urlsplit(secret["url"]).hostname or ""
