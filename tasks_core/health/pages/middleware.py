"""Answers the probes before the rest of Django looks at the request."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.utils.deprecation import MiddlewareMixin

from tasks_core.health.pages.health import health
from tasks_core.health.pages.ready import ready

PAGES: dict[str, Callable[[HttpRequest], HttpResponse]] = {"/health": health, "/ready": ready}
METHODS = ("GET", "HEAD")


class HealthMiddleware(MiddlewareMixin):
    """Belongs behind the session's middleware and before CommonMiddleware.

    A kubelet or a load balancer asks by address: no name of ALLOWED_HOSTS is in its request, and
    CommonMiddleware would refuse it. Nothing here uses that name, so it need not be trusted, and
    ALLOWED_HOSTS can stay as narrow as it should be. SecurityMiddleware comes first and adds its headers;
    SECURE_REDIRECT_EXEMPT keeps it from redirecting probes, which come without TLS.
    """

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        """Answer, if it is a probe."""
        page = PAGES.get(request.path_info)
        if page is None:
            return None
        is_allowed = request.method in METHODS
        answer = page(request) if is_allowed else HttpResponseNotAllowed(METHODS)
        answer.headers["Cache-Control"] = "no-store"
        return answer
