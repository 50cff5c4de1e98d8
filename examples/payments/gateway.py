"""What the gateway does with an event: tell those whom it concerns, in one transaction."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import transaction

from examples.payments.codes import new_code
from examples.payments.event import AUTHENTICATION, SUCCEEDED, Event
from notifications.api import notify
from notifications.exceptions import InvalidNotification
from notifications.models import Endpoint
from tasks_core import clock

CODE, RECEIPT, WEBHOOK = "otp", "receipt", "webhook"
"""The categories of the messages."""

RECEIPT_DELAY = timedelta(seconds=2)
"""A receipt waits for a moment, in which the merchant may still call the payment off."""


@dataclass(frozen=True)
class Announced:
    """The notifications that an event became, by id; and the code that one of them carries.

    `is_too_late` if the event was under way for longer than its code would have been valid: then
    nothing was stored.
    """

    notifications: tuple[int, ...] = ()
    code: str = field(default="", repr=False)
    is_too_late: bool = False


class Gateway:
    """Announces events. The same event announced twice under one `run` is announced once."""

    def __init__(self, run: str, endpoints: Mapping[str, Endpoint], names: Mapping[str, str]):
        """`endpoints` and `names` of the merchants, by their ids."""
        self._run = run
        self._endpoints = endpoints
        self._names = names

    def announce(self, event: Event) -> Announced:
        """Store the messages that `event` asks for.

        Raises:
            InvalidNotification: the event holds what cannot be sent; nothing was stored.
        """
        with transaction.atomic():
            if event.type == AUTHENTICATION:
                return self._send_code(event)
            found = [self._tell_merchant(event)]
            if event.type == SUCCEEDED:
                found.append(self._send_receipt(event))
            return Announced(tuple(found))

    def _send_code(self, event: Event) -> Announced:
        assert event.challenge is not None
        expires_at = clock.now() + timedelta(seconds=event.challenge.valid_for)
        code = new_code()
        try:
            notification = notify(
                "one-time-code",
                to=event.customer.email,
                context={
                    "name": event.customer.name,
                    "merchant": self._names[event.merchant],
                    "amount": _decimal(event.payment.amount),
                    "currency": event.payment.currency,
                    "valid_until": expires_at.isoformat(),
                },
                secret_context={"code": code},
                expires_at=expires_at,
                supersede_key=f"{self._run}-code-{event.payment.id}",
                **self._common(event, CODE),
            )
        except InvalidNotification as error:
            if error.field == "expires_at":
                return Announced(is_too_late=True)
            raise
        return Announced((notification.pk,), code)

    def _send_receipt(self, event: Event) -> int:
        notification = notify(
            "receipt",
            to=event.customer.email,
            context={
                "name": event.customer.name,
                "merchant": self._names[event.merchant],
                "amount": _decimal(event.payment.amount),
                "currency": event.payment.currency,
                "description": event.payment.description,
                "card": event.payment.card,
                "paid_at": event.created.isoformat(),
                "payment": event.payment.id,
            },
            run_after=clock.now() + RECEIPT_DELAY,
            **self._common(event, RECEIPT),
        )
        return notification.pk

    def _tell_merchant(self, event: Event) -> int:
        context: dict[str, Any] = {
            "event": event.id,
            "timestamp": event.created.isoformat(),
            "payment": event.payment.model_dump(),
        }
        if event.type == SUCCEEDED:
            context["customer"] = event.customer.model_dump()
        else:
            context["reason"] = event.reason
        notification = notify(
            event.type.replace(".", "-"),
            to=self._endpoints[event.merchant],
            context=context,
            **self._common(event, WEBHOOK),
        )
        return notification.pk

    def _common(self, event: Event, category: str) -> dict[str, Any]:
        return {
            "category": category,
            "idempotency_key": f"{self._run}-{event.id}-{category}",
            "correlation_id": event.payment.id,
        }


def _decimal(amount: int) -> str:
    return f"{amount // 100}.{amount % 100:02}"
