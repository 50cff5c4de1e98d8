"""Django signals of the notifications app."""

from django.dispatch import Signal

endpoint_disabled = Signal()
"""Sent with ``endpoint_id: int`` and ``reason: str`` after a webhook endpoint was disabled by itself.

That is when it answered 410, or nothing but failures for ``BELLRINGER_WEBHOOK_DISABLE_AFTER_DAYS``. It is
sent once the change is committed; an operator who disables an endpoint needs no such notice.
"""
