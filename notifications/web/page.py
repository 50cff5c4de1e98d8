"""What the pages behind links have in common: nobody keeps them, and their address stays with us."""

import logging
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

logger = logging.getLogger(__name__)

Page = Callable[[HttpRequest, str], HttpResponse]

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


def page(
    request: HttpRequest, template: str, context: Mapping[str, Any], *, status: int = 200
) -> HttpResponse:
    """Render a page of ``templates/unsubscribing``."""
    answer = render(request, f"unsubscribing/{template}.html", dict(context), status=status)
    answer["Cache-Control"] = "no-store"
    answer["Referrer-Policy"] = "no-referrer"
    answer["X-Robots-Tag"] = "noindex, nofollow"
    answer["Content-Security-Policy"] = POLICY
    return answer


def reads_link(view: Page) -> Page:
    """Ask whoever has a link to come again while the key that links are read with is missing here."""

    @wraps(view)
    def answered(request: HttpRequest, token: str) -> HttpResponse:
        try:
            return view(request, token)
        except ImproperlyConfigured as error:
            logger.error("the link of a mail cannot be read: %s", error)
            return page(request, "later", {}, status=503)

    return answered
