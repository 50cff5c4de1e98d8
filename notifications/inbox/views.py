"""The feed. A request sees one inbox: that of its user."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from notifications.inbox import requests
from notifications.inbox.owner import owner_of
from notifications.inbox.reading import count_unread, mark_all_read, mark_read, page
from notifications.models import InboxMessage

View = Callable[[HttpRequest], JsonResponse]


def of_owner(view: Callable[[HttpRequest, str], dict[str, Any]]) -> View:
    """Answer 401 to strangers and 400 to what cannot be understood, both in JSON."""

    @never_cache
    @wraps(view)
    def answered(request: HttpRequest) -> JsonResponse:
        owner = owner_of(request)
        if owner is None:
            return JsonResponse({"error": "sign in first"}, status=401)
        try:
            return JsonResponse(view(request, owner))
        except requests.BadRequest as error:
            return JsonResponse({"error": str(error)}, status=400)

    return answered


@require_GET
@of_owner
def messages(request: HttpRequest, owner: str) -> dict[str, Any]:
    """Return a page of messages, newest first: ``?limit=&before=&unread=1``."""
    found = page(
        owner,
        before=requests.number(request, "before", None),
        limit=requests.page_size(request),
        unread_only=request.GET.get("unread") in ("1", "true"),
    )
    return {
        "messages": [_shown(message) for message in found.messages],
        "unread": count_unread(owner),
        "next_before": found.next_before,
    }


@require_GET
@of_owner
def unread(request: HttpRequest, owner: str) -> dict[str, Any]:
    """Return the number of unread messages, for a badge."""
    return {"unread": count_unread(owner)}


@require_POST
@of_owner
def read(request: HttpRequest, owner: str) -> dict[str, Any]:
    """Mark as read: ``{"ids": [...]}``, or ``{"up_to": id}`` for all that are not newer."""
    given = requests.body(request)
    if "up_to" in given:
        marked = mark_all_read(owner, up_to=requests.one_id("up_to", given["up_to"]))
    else:
        marked = mark_read(owner, requests.ids(given.get("ids")))
    return {"marked": marked, "unread": count_unread(owner)}


def _shown(message: InboxMessage) -> dict[str, Any]:
    return {
        "id": message.pk,
        "title": message.title,
        "text": message.text,
        "category": message.category,
        "created_at": message.created_at.isoformat(),
        "read_at": message.read_at.isoformat() if message.read_at else None,
    }
