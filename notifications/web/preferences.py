"""The page on which people say what they want, by a link from their mail."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from notifications.people.unsubscribe.choices import (
    Choices,
    channels_of,
    current_choices,
    may_switch_on,
    rows_for,
    store_choices,
)
from notifications.people.unsubscribe.token import Subscription, decode
from notifications.web.page import page, reads_link

LABELS = {"email": "E-mail", "sms": "SMS"}


# There is no login that another site could abuse: whoever has the token may do this, and nobody else.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@reads_link
def preference_page(request: HttpRequest, token: str) -> HttpResponse:
    """Show what is on and off; store what is posted."""
    subscription = decode(token)
    channels = channels_of(subscription) if subscription else []
    if subscription is None or not channels:
        return page(request, "unknown", {})
    saved = request.method == "POST"
    if saved:
        store_choices(subscription, _posted(request, subscription, channels))
    context = {"token": token, "saved": saved, **_table(subscription, channels)}
    return page(request, "preferences", context)


def _posted(request: HttpRequest, subscription: Subscription, channels: list[str]) -> Choices:
    """Read the boxes that were shown; a browser sends only those that are ticked."""
    return {
        (row.key, channel): _box(channel, row.key) in request.POST
        for row in rows_for(subscription)
        for channel in channels
    }


def _table(subscription: Subscription, channels: list[str]) -> dict[str, Any]:
    wishes = current_choices(subscription)
    others = [_name(channel) for channel in channels if not may_switch_on(subscription, channel)]
    return {
        "only_off": others,
        "labels": [_name(channel) for channel in channels],
        "rows": [
            {
                "row": row,
                "boxes": [
                    {
                        "field": _box(channel, row.key),
                        "on": wishes[row.key, channel],
                        "locked": not (
                            wishes[row.key, channel] or may_switch_on(subscription, channel)
                        ),
                        "label": f"{row.name}: {_name(channel)}",
                    }
                    for channel in channels
                ],
            }
            for row in rows_for(subscription)
        ],
    }


def _box(channel: str, category: str) -> str:
    return f"{channel}:{category}"


def _name(channel: str) -> str:
    return LABELS.get(channel, channel.capitalize())
