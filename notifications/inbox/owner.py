"""Whose inbox a request may read."""

from collections.abc import Callable
from functools import lru_cache

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django.utils.module_loading import import_string

from notifications import conf


def owner_of(request: HttpRequest) -> str | None:
    """Return the owner of the inbox that the request may read; None if it may read none.

    That is the id of the signed-in user, unless ``INBOX_OWNER`` names a function that decides.
    """
    path = conf.current().inbox_owner
    if path:
        return _function(path)(request)
    return str(request.user.pk) if request.user.is_authenticated else None


@lru_cache(maxsize=4)
def _function(path: str) -> Callable[[HttpRequest], str | None]:
    try:
        found: Callable[[HttpRequest], str | None] = import_string(path)
    except ImportError as error:
        raise ImproperlyConfigured(
            f"BELLRINGER['INBOX_OWNER']: {error}; give the dotted path of a function that takes a "
            "request and gives an owner or None"
        ) from error
    return found
