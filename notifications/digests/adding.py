"""Add an item to the open window of its digest, or open one."""

import json
import uuid
from datetime import timedelta
from typing import Any

from django.db import transaction

import tasks_core
from notifications import conf
from notifications.channel_api.registry import channel_for, channel_named
from notifications.exceptions import InvalidNotification
from notifications.intake.validation import Terms, check_terms, validate
from notifications.keys.address_hash import address_hash
from notifications.locales import checked_locale
from notifications.message import ONE_TIME_CODE, Message
from notifications.message_templates.publishing import find_version
from notifications.models import Digest, DigestItem, Endpoint, Notification
from notifications.rules.addresses import normal_form
from notifications.states import DigestState
from notifications.task_payloads import CLOSE_DIGEST
from tasks_core import clock, database
from tasks_core.arguments import storable_arguments
from tasks_core.engine.single_line import is_single_line
from tasks_core.exceptions import UnsettledKey

MOST_ITEMS = 500
"""A window with so many items takes no more; the next item opens another."""

TRIES = 20

SHORTEST, LONGEST = timedelta(seconds=1), timedelta(days=31)

# Two callers take turns at the row. One that meets a window which is being closed waits for that, and
# then opens the next one: the closed row is no longer in the index that decides.
_JOIN = """
INSERT INTO notifications_digest
    (template, channel, address, endpoint_id, locale, category, key, identity, state, reason,
     items_count, items_bytes, opened_at, closes_at)
VALUES (%(template)s, %(channel)s, %(address)s, %(endpoint)s, %(locale)s, %(category)s, %(key)s,
        %(identity)s, 'open', '', 1, %(bytes)s, %(now)s, %(closes_at)s)
ON CONFLICT (identity) WHERE state = 'open' DO UPDATE
SET items_count = notifications_digest.items_count + 1,
    items_bytes = notifications_digest.items_bytes + EXCLUDED.items_bytes
RETURNING id, items_count, items_bytes
"""


@storable_arguments(InvalidNotification, but={"locale"})
def add_to_digest(
    template: str,
    *,
    to: str | Endpoint,
    item: dict[str, Any],
    key: str,
    window: timedelta,
    channel: str | None = None,
    locale: str = "",
    category: str = "",
) -> Digest:
    """Tell a receiver of this and what else happens within a window, in one message.

    The first item opens a window, in the caller's transaction; when ``window`` has passed, one
    message is sent whose template gets ``items``, a list of them, and ``count``. Items belong
    together if receiver, template, locale, category and key are the same.

    Args:
        template: name of a published template that uses ``items``.
        to: a mail address, an Endpoint, or the URL of a registered endpoint.
        item: what happened, as plain JSON. Operators can see it; it must not hold secrets.
        key: what is collected, such as ``comments`` or ``comments-post-17``.
        window: how long items are collected from the first one; 1 second to 31 days.
        channel: found from ``to`` if not given.
        locale: as for ``notify``.
        category: as for ``notify``; not ``otp``.

    Returns:
        the window that the item is in.

    Raises:
        InvalidNotification: names the argument that is wrong; nothing is written.
    """
    _check(key, window, item, category)
    locale = checked_locale(locale)
    now = clock.now()
    kind = channel_named(channel) if channel else channel_for(to)
    terms = Terms(
        version=find_version(template, kind.kind, locale),
        channel=kind,
        category=category,
        critical=False,
        run_after=check_terms(category, None, now),
        now=now,
    )
    variables = {"items": [item], "count": 1}
    try:
        [checked] = validate([Message(to=to, context=variables)], terms)
    except InvalidNotification as error:
        field = error.field.replace("context.items[0]", "item").replace("context", "item")
        raise InvalidNotification(field, error.problem) from None
    with transaction.atomic(using=database.alias()):
        return _add(checked.row, template, locale, key, window)


def _add(checked: Notification, template: str, locale: str, key: str, window: timedelta) -> Digest:
    now = clock.now()
    context = checked.context["items"][0]
    closes_at = now + window
    row = {
        "template": template,
        "channel": checked.channel,
        "address": checked.address,
        "endpoint": checked.endpoint_id,
        "locale": locale,
        "category": checked.category,
        "key": key,
        "identity": _identity(checked, template, locale, key),
        "bytes": len(json.dumps(context, ensure_ascii=False).encode()) + 2,
        "now": now,
        "closes_at": closes_at,
    }
    digest_id, count = _join(row)
    DigestItem.objects.create(digest_id=digest_id, context=context, created_at=now)
    if count == 1:
        tasks_core.enqueue(
            CLOSE_DIGEST,
            {"digest": digest_id},
            run_after=closes_at,
            idempotency_key=f"{CLOSE_DIGEST}-{digest_id}",
            correlation_id=f"digest-{digest_id}",
            inner=True,
        )
    return Digest.objects.get(pk=digest_id)


def _join(row: dict[str, Any]) -> tuple[int, int]:
    """Count the item in the open window; if that has no room for it, in a new one."""
    for _ in range(TRIES):
        with database.connection().cursor() as cursor:
            cursor.execute(_JOIN, row)
            digest_id, count, total = cursor.fetchone()
        # The list around the items, their number and the names of both take a few bytes, too.
        if count == 1 or (count <= MOST_ITEMS and total + 100 <= conf.current().context_limit):
            return digest_id, count
        Digest.objects.filter(pk=digest_id, state=DigestState.OPEN).update(
            state=DigestState.FULL,
            items_count=count - 1,
            items_bytes=total - row["bytes"],
        )
    raise UnsettledKey(f"{TRIES} windows in a row had no room for one item; try again")


def _identity(checked: Notification, template: str, locale: str, key: str) -> uuid.UUID:
    receiver = f"endpoint {checked.endpoint_id}" if checked.endpoint_id else _receiver(checked)
    parts = [template, checked.channel, receiver, locale, checked.category, key]
    # Keyed, because it is made from the address.
    return uuid.UUID(hex=address_hash("", json.dumps(parts)))


def _receiver(checked: Notification) -> str:
    return normal_form(checked.channel, checked.address)


def _check(key: object, window: object, item: object, category: str) -> None:
    if not isinstance(key, str) or not key or len(key) > 200 or not is_single_line(key):
        raise InvalidNotification(
            "key", "give one line of up to 200 characters, such as 'comments'"
        )
    if not isinstance(window, timedelta) or not SHORTEST <= window <= LONGEST:
        raise InvalidNotification("window", "give a timedelta from 1 second to 31 days")
    if not isinstance(item, dict):
        raise InvalidNotification("item", f"is a {type(item).__name__}; give a dict")
    if category == ONE_TIME_CODE:
        raise InvalidNotification("category", "otp cannot wait for a digest; use notify")
