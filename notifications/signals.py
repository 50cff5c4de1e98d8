"""Django signals of the notifications app."""

from django.dispatch import Signal

endpoint_disabled = Signal()
"""Sent with ``endpoint_id: int`` and ``reason: str`` after a webhook endpoint was disabled by itself.

That is when it answered 410, or nothing but failures for ``BELLRINGER_WEBHOOK_DISABLE_AFTER_DAYS``. It is
sent once the change is committed; an operator who disables an endpoint needs no such notice.
"""

endpoint_disabling = Signal()
"""Sent with ``endpoint: Endpoint`` and ``reason: str`` in the transaction that disables an endpoint.

What a receiver writes is committed with it, or with it undone; an error of a receiver undoes it.
"""
