"""Where providers post what became of messages."""

import logging

from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, JsonResponse, RawPostDataException
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from notifications import conf
from notifications.exceptions import InvalidEvent
from notifications.models import EventSource
from notifications.provider_events.reading import read_report
from notifications.provider_events.record import record_report
from notifications.provider_events.report import Report
from notifications.sending.standard_webhooks.secrets import live_secrets
from notifications.sending.standard_webhooks.verification import NotGenuine, verified_at
from tasks_core import clock

logger = logging.getLogger(__name__)


@csrf_exempt
@require_POST
def receive_event(request: HttpRequest, source: str) -> JsonResponse:
    """Record one signed event. A copy of one that is known is answered like the first.

    Whoever is not registered gets the same answer as whoever signs wrongly. While the key of a secret is
    missing here the event is refused as such that should be sent again.
    """
    limit = conf.current().provider_event_limit
    body = _body(request, limit)
    if body is None:
        return _answer(413, "body", f"has more than {limit} bytes")
    try:
        status = "recorded" if record_report(_report(request, source, body)) else "duplicate"
    except NotGenuine:
        logger.warning("an event for source %s is not genuine", source)
        return _answer(401, "webhook-signature", "is not valid for this source and this time")
    except InvalidEvent as error:
        logger.warning("an event of source %s cannot be read: %s", source, error)
        return _answer(400, error.field, error.problem)
    except ImproperlyConfigured as error:  # a key is missing here, and will be put back
        logger.error("an event of source %s cannot be taken: %s", source, error)
        return _answer(503, "server", "cannot take events just now; send it again later")
    return JsonResponse({"status": status})


def _report(request: HttpRequest, name: str, body: bytes) -> Report:
    now = clock.now()
    source = EventSource.objects.filter(name=name, enabled=True).first()
    if source is None:
        raise NotGenuine
    sent_at = verified_at(
        body,
        request.headers,
        secrets=lambda: live_secrets(source.secrets, now),
        now=now,
        tolerance=conf.current().provider_event_tolerance,
    )
    event_id = request.headers["webhook-id"]
    return read_report(body, source=source, event_id=event_id, sent_at=sent_at)


def _body(request: HttpRequest, limit: int) -> bytes | None:
    """Read no more than may come; None if it is more."""
    try:
        announced = int(request.headers.get("content-length") or 0)
    except ValueError:
        return None
    if announced > limit:
        return None
    try:
        body: bytes = request.read(limit + 1)
    except (RawPostDataException, OSError):
        return None
    return body if len(body) <= limit else None


def _answer(status: int, field: str, problem: str) -> JsonResponse:
    return JsonResponse({"error": {"field": field, "problem": problem}}, status=status)
