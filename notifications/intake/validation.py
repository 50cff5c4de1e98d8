"""The door: everything about a message is checked here, before anything is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import tasks_core
from notifications import conf
from notifications.channel_api.channel import Address, Channel, keeps_order, parts_of
from notifications.conditions import check_condition
from notifications.confidential import content_digest, seal_variables
from notifications.exceptions import InvalidNotification
from notifications.intake.fallback import FallbackValidator, First, fallback_digest
from notifications.message import ONE_TIME_CODE, Message, Validated
from notifications.message_templates.dry_run import try_out
from notifications.message_templates.publishing import find_version
from notifications.models import LadderStep, Notification, Recipient, TemplateVersion
from notifications.people.recipients.addressing import Found, find_addresses
from notifications.rendering.compiled import Rendered
from notifications.rendering.variables import plain_json
from tasks_core.client.options import MAX_AHEAD
from tasks_core.engine.instants import InvalidInstant, checked_instant
from tasks_core.engine.single_line import is_single_line

MAX_RESENDS = 10


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What all messages of one call have in common."""

    version: TemplateVersion
    channel: Channel
    category: str
    critical: bool
    run_after: datetime
    now: datetime
    is_test: bool = False
    recipients: Mapping[str, Recipient] = field(default_factory=dict)
    """Those that were named by their keys."""
    locale_given: bool = True
    """Whether the caller chose the locale; if not, it is each recipient's own."""
    locale: str = ""
    """As it was chosen, for the templates of other channels."""


_TEXTS = (
    ("idempotency_key", 200),
    ("supersede_key", 200),
    ("order_key", 200),
    ("correlation_id", 128),
)


def check_terms(category: str, run_after: datetime | None, now: datetime) -> datetime:
    """Check what does not depend on a message; return the instant to begin."""
    _check_text("category", category, 64)
    return now if run_after is None else _instant("run_after", run_after, now)


def validate(messages: Sequence[Message], terms: Terms) -> list[Validated]:
    """Check messages and return their rows, not yet stored, with what storing them needs.

    Raises:
        InvalidNotification: names the field; with several messages also which one.
    """
    prefixes = [""] if len(messages) == 1 else [f"messages[{i}]." for i in range(len(messages))]
    found = find_addresses([message.to for message in messages], terms.recipients, terms.channel)
    versions = _versions(found, terms)
    fallbacks = FallbackValidator(one.recipient for one in found)
    return [
        _validated(message, one, replace(terms, version=versions[_locale(one)]), fallbacks, prefix)
        for message, one, prefix in zip(messages, found, prefixes, strict=True)
    ]


def _versions(found: Sequence[Found], terms: Terms) -> dict[str, TemplateVersion]:
    """Find the template's version for each locale that is needed."""
    locales = {_locale(one) for one in found}
    if terms.locale_given:
        return dict.fromkeys(locales, terms.version)
    template = terms.version.template
    return {
        locale: find_version(template.name, template.channel, locale) if locale else terms.version
        for locale in locales
    }


def _locale(found: Found) -> str:
    return found.recipient.locale if found.recipient else ""


def _validated(
    message: Message, found: Found, terms: Terms, fallbacks: FallbackValidator, prefix: str
) -> Validated:
    try:
        if found.address is None:
            raise InvalidNotification("to", found.problem)
        expires_at = _expiry(message.expires_at, terms)
        _check_options(message, terms)
        condition_args = _condition_args(message)
        context, secret_context, content = _variables(message, terms.version)
        first = _first(found, found.address, terms)
        steps: list[LadderStep] = []
        if message.fallback:
            steps = fallbacks.validate(message, first, context, secret_context)
    except InvalidNotification as error:
        raise InvalidNotification(prefix + error.field, error.problem) from None
    address = found.address
    notification = Notification(
        template_version=terms.version,
        channel=terms.channel.kind,
        address=address.text,
        endpoint=address.endpoint,
        recipient=found.recipient,
        condition=message.condition or "",
        condition_args=condition_args,
        context=context,
        secret_context=seal_variables(secret_context),
        is_secret=bool(secret_context),
        category=terms.category,
        critical=terms.critical,
        run_after=terms.run_after,
        expires_at=expires_at,
        created_at=terms.now,
        idempotency_key=message.idempotency_key,
        content_digest=_digest(message, terms, found, context, secret_context, steps),
        supersede_key=message.supersede_key or "",
        order_key=message.order_key or "",
        correlation_id=message.correlation_id or tasks_core.current_correlation_id(),
        is_test=terms.is_test,
        has_fallback=bool(steps),
    )
    return Validated(
        row=notification,
        content=content,
        parts=parts_of(terms.channel, content.text),
        steps=steps,
        requester=message.requester,
        resends=message.resends,
    )


def _first(found: Found, address: Address, terms: Terms) -> First:
    return First(
        template=terms.version.template.name,
        locale=terms.locale if terms.locale_given else _locale(found),
        recipient=found.recipient,
        place=(terms.channel.kind, address.text),
    )


def _check_options(message: Message, terms: Terms) -> None:
    for name, limit in _TEXTS:
        value = getattr(message, name)
        if value is not None:
            _check_text(name, value, limit)
            if not value:
                raise InvalidNotification(name, "is empty; leave it out if there is none")
    if message.order_key is not None and not keeps_order(terms.channel):
        raise InvalidNotification(
            "order_key", f"is for webhooks; the channel {terms.channel.kind} keeps no order"
        )
    _check_requester(message.requester)
    _check_resends(message)
    if message.secret_context and not terms.channel.carries_secrets:
        raise InvalidNotification(
            "secret_context",
            f"cannot be sent by channel {terms.channel.kind}, where messages are kept; use another one",
        )
    if terms.category == ONE_TIME_CODE and not message.secret_context:
        raise InvalidNotification(
            "secret_context", "is required for category 'otp'; put the code there, not in context"
        )


def _check_requester(requester: object) -> None:
    _check_text("requester", requester, 200)


def _check_resends(message: Message) -> None:
    resends: object = message.resends
    if isinstance(resends, bool) or not isinstance(resends, int) or not 0 <= resends <= MAX_RESENDS:
        raise InvalidNotification("resends", f"give a whole number from 0 to {MAX_RESENDS}")
    if resends and (message.expires_at is None or not message.secret_context):
        raise InvalidNotification(
            "resends", "needs expires_at and secret_context: what is sent again?"
        )


def _expiry(given: datetime | None, terms: Terms) -> datetime | None:
    if given is None:
        if terms.category == ONE_TIME_CODE:
            raise InvalidNotification(
                "expires_at", "is required for category 'otp'; say until when the code is valid"
            )
        return None
    expires_at = _instant("expires_at", given, terms.now)
    if expires_at <= terms.now:
        raise InvalidNotification("expires_at", "is in the past; give a later instant")
    if expires_at <= terms.run_after:
        raise InvalidNotification("expires_at", "is not after run_after; nothing could be sent")
    return expires_at


def _variables(
    message: Message, version: TemplateVersion
) -> tuple[dict[str, Any], dict[str, Any], Rendered]:
    """Check the variables, and that the template gives a message with them."""
    limit = conf.current().context_limit
    context = plain_json("context", message.context, limit)
    secret_context = plain_json("secret_context", message.secret_context, limit)
    return context, secret_context, try_out(version, context, secret_context)


def _condition_args(message: Message) -> dict[str, Any]:
    arguments = plain_json("condition_args", message.condition_args, conf.current().context_limit)
    if message.condition:
        check_condition(message.condition, arguments)
    elif arguments:
        raise InvalidNotification("condition_args", "are for a condition, and none is given")
    return arguments


def _digest(
    message: Message,
    terms: Terms,
    found: Found,
    context: Mapping[str, Any],
    secret_context: Mapping[str, Any],
    steps: list[LadderStep],
) -> str:
    """Digest what a second call with the same key must agree with; without a key nothing asks for it."""
    if not message.idempotency_key:
        return ""
    template = terms.version.template
    content = [
        template.name,
        template.channel,
        _receiver(found),
        terms.category,
        context,
        secret_context,
    ]
    if message.condition:
        content += [message.condition, message.condition_args]
    if steps:
        content += ["fallback", fallback_digest(steps, message)]
    return content_digest(content)


def _receiver(found: Found) -> object:
    """Tell receivers apart: a recipient stays the same when the address changes."""
    if found.recipient is not None:
        return ["recipient", found.recipient.pk]
    assert found.address is not None
    return found.address.endpoint.pk if found.address.endpoint else found.address.text


def _instant(field: str, value: object, now: datetime) -> datetime:
    """Check an instant, and that the tasks of the notification can keep to it."""
    try:
        instant = checked_instant(value)
    except InvalidInstant as problem:
        raise InvalidNotification(field, str(problem)) from None
    if instant - now > MAX_AHEAD:
        raise InvalidNotification(
            field, f"is more than {MAX_AHEAD.days} days ahead; give an earlier instant"
        )
    return instant


def _check_text(field: str, value: object, limit: int) -> None:
    if not isinstance(value, str):
        raise InvalidNotification(field, f"is a {type(value).__name__}; give text")
    if len(value) > limit:
        raise InvalidNotification(field, f"has {len(value)} characters; the limit is {limit}")
    if not is_single_line(value):
        raise InvalidNotification(field, "has a line break or another control character")
