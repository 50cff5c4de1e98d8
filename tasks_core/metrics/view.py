"""The page that Prometheus reads."""

import hmac
import logging

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from tasks_core import conf
from tasks_core.metrics.parts import Scrape

logger = logging.getLogger(__name__)

PERMISSION = "tasks_core.view_task"
LOOPBACK = ("127.0.0.1", "::1")

_registry = CollectorRegistry()
_registry.register(Scrape())


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Return the metrics as text, or as OpenMetrics for whoever accepts that.

    For whoever sends METRICS_TOKEN as a bearer token, and for staff who may view tasks; in development also
    for this machine.
    """
    if not _is_admitted(request):
        return _refusal(request)
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    try:
        return HttpResponse(encode(_registry), content_type=content_type)
    except (DatabaseError, InterfaceError) as error:
        logger.warning("no metrics, the database fails: %s", error)
        return _plain("the database cannot be asked", status=503)


def _is_admitted(request: HttpRequest) -> bool:
    if settings.DEBUG and request.META.get("REMOTE_ADDR") in LOOPBACK:
        return True
    if "Authorization" in request.headers:
        return _has_token(request.headers["Authorization"])
    user = request.user
    return user.is_active and user.is_staff and user.has_perm(PERMISSION)


def _has_token(authorization: str) -> bool:
    scheme, _, given = authorization.partition(" ")
    token: str = conf.current().metrics_token
    return (
        bool(token)
        and scheme.lower() == "bearer"
        and hmac.compare_digest(given.strip().encode(), token.encode())
    )


def _refusal(request: HttpRequest) -> HttpResponse:
    if "Authorization" not in request.headers and request.user.is_authenticated:
        return _plain(f"you need the permission {PERMISSION}", status=403)
    response = _plain(
        "send the METRICS_TOKEN of this installation as a bearer token, or log in", status=401
    )
    response["WWW-Authenticate"] = 'Bearer realm="metrics"'
    return response


def _plain(text: str, *, status: int) -> HttpResponse:
    return HttpResponse(f"{text}\n", status=status, content_type="text/plain; charset=utf-8")
