"""Check the entries of an audience: the address, and that the template gives a message with them."""

from collections.abc import Mapping, Sequence
from typing import Any

from notifications import conf
from notifications.broadcasts.receiver import Receiver, identity_of, identity_of_text
from notifications.channel_api.registry import channel_named
from notifications.exceptions import InvalidNotification, RenderingFailed
from notifications.locales import checked_locale
from notifications.message_templates.compiled import compiled_version
from notifications.message_templates.publishing import find_version
from notifications.models import (
    Broadcast,
    BroadcastReceiver,
    Endpoint,
    Recipient,
    TemplateVersion,
)
from notifications.people.recipients.addressing import Found, find_addresses, recipients_among
from notifications.rendering.variables import check_variables, plain_json
from tasks_core.engine.json_text import storable

MAX_PROBLEM = 300
LONGEST_ENTRY = 2_048


class Checker:
    """Checks receivers for one broadcast. It remembers the versions it found, which are few."""

    def __init__(self, broadcast: Broadcast) -> None:
        self._broadcast = broadcast
        self._channel = channel_named(broadcast.channel)
        self._versions: dict[str, TemplateVersion] = {}

    def rows(self, receivers: Sequence[Receiver]) -> list[BroadcastReceiver]:
        """Return a row for each receiver, not stored; what is wrong with it is its ``problem``."""
        tos = [receiver.to for receiver in receivers]
        found = find_addresses(tos, recipients_among(tos), self._channel)
        return [self._row(receiver, one) for receiver, one in zip(receivers, found, strict=True)]

    def _row(self, receiver: Receiver, found: Found) -> BroadcastReceiver:
        address, recipient = found.address, found.recipient
        if address is None:
            return self._rejected(receiver, f"to: {found.problem}")
        own = recipient.locale if recipient else ""
        try:
            asked = checked_locale(receiver.locale)
            version = self._version(asked or own or self._broadcast.locale)
            context = _checked(receiver.context, version)
        except InvalidNotification as error:
            return self._rejected(receiver, str(error))
        return BroadcastReceiver(
            broadcast=self._broadcast,
            identity=identity_of(self._broadcast.channel, address),
            address=address.text,
            endpoint=address.endpoint,
            recipient=recipient,
            template_version=version,
            context=context,
        )

    def _rejected(self, receiver: Receiver, problem: str) -> BroadcastReceiver:
        to = storable(_text_of(receiver.to), limit=LONGEST_ENTRY)
        return BroadcastReceiver(
            broadcast=self._broadcast,
            # Apart from the addresses: a right entry for the same one must not count as a duplicate.
            identity=identity_of_text(f"rejected {to}"),
            address=to,
            problem=problem[:MAX_PROBLEM],
        )

    def _version(self, locale: str) -> TemplateVersion:
        if locale not in self._versions:
            broadcast = self._broadcast
            self._versions[locale] = find_version(broadcast.template, broadcast.channel, locale)
        return self._versions[locale]


def _text_of(to: str | Endpoint | Recipient) -> str:
    return to.key if isinstance(to, Recipient) else str(to)


def _checked(context: Mapping[str, Any], version: TemplateVersion) -> dict[str, Any]:
    plain = plain_json("context", context, conf.current().context_limit)
    check_variables(version.schema, plain, {})
    try:
        compiled_version(version.pk).render(plain)
    except RenderingFailed as error:
        raise InvalidNotification(
            "context", f"the template cannot be rendered with it: {error}"
        ) from None
    return plain
