"""Webhooks and mails through the notification pipeline."""

import json
import time
from collections.abc import Sequence
from functools import cache

from benchmarks import messages
from notifications.api import Message, notify_many, publish_template, register_endpoint
from notifications.models import Endpoint, TemplateVersion
from notifications.sending.pipeline.render import written

HANDLERS = ("webhook", "hang", "mail")
ORDER = "order.paid"
LONG = "order-confirmation"
IN_LANE = 1_000
"""More than two worker processes have in hand: what is at the receiver at once is bounded by connections."""


def publish() -> None:
    """Publish the templates; they come with the copied database."""
    document = '{"i": {{ i }}, "type": "order.paid", "data": {{ data }}}'
    publish_template(ORDER, channel="webhook", text=document)
    publish_template(LONG, subject="Message {{ i }}", text=messages.TEXT.format(i="{{ i }}"))


def send(handler: str, ids: Sequence[int]) -> None:
    """Ask for one message for each id."""
    if handler == "mail":
        mails = [Message(to=messages.RECIPIENT, context={"i": i}) for i in ids]
        notify_many(LONG, mails)
        return
    endpoint = _endpoint("hook" if handler == "webhook" else "hang")
    context = {"data": "x" * 100}
    hooks = [Message(to=endpoint, context={"i": i, **context}) for i in ids]
    notify_many(ORDER, hooks)


def render(count: int) -> float:
    """Render messages from their stored variables; return the seconds."""
    version = TemplateVersion.objects.get(template__name=LONG)
    contexts = [json.dumps({"i": i}) for i in range(count)]
    written(version.pk, contexts[0], "", False)
    began = time.perf_counter()
    for context in contexts:
        written(version.pk, context, "", False)
    return time.perf_counter() - began


@cache
def _endpoint(path: str) -> Endpoint:
    limit = IN_LANE if path == "hook" else 20
    return register_endpoint(
        path, messages.url(path), secret=messages.SECRET, max_concurrency=limit
    )
