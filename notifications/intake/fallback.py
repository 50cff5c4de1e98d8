"""Validates fallbacks: where each step goes and what it says is settled before anything is written."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from notifications.channel_api.channel import Address, Channel, parts_of
from notifications.exceptions import InvalidNotification
from notifications.intake.fallback_steps import channel_of, check_steps
from notifications.message import Fallback, Message
from notifications.message_templates.dry_run import try_out
from notifications.message_templates.publishing import find_version
from notifications.models import LadderStep, Recipient, TemplateVersion
from notifications.people.recipients.addressing import NO_ADDRESS, stored_addresses
from notifications.rules.addresses import normal_form


@dataclass(frozen=True, kw_only=True)
class First:
    """The step before all others: the notification's own channel."""

    template: str
    locale: str
    recipient: Recipient | None
    place: tuple[str, str]
    """Channel and address."""


class FallbackValidator:
    """Validates the fallbacks of one call, and asks the database once for what many of them need."""

    def __init__(self, recipients: Iterable[Recipient | None]) -> None:
        self._recipients = [one.pk for one in recipients if one is not None]
        self._versions: dict[tuple[str, str, str], TemplateVersion] = {}
        self._stored: dict[str, dict[int, str]] = {}

    def validate(
        self,
        message: Message,
        first: First,
        context: Mapping[str, Any],
        secret_context: Mapping[str, Any],
    ) -> list[LadderStep]:
        """Check the ladder of a message and give its steps, not yet stored.

        Raises:
            InvalidNotification: names the step and its argument.
        """
        return list(self._validated(message, first, context, secret_context))

    def _validated(
        self,
        message: Message,
        first: First,
        context: Mapping[str, Any],
        secret_context: Mapping[str, Any],
    ) -> Iterator[LadderStep]:
        places = {_place(*first.place)}
        for number, asked in enumerate(check_steps(message)):
            name = f"fallback[{number}]"
            channel = channel_of(asked, name, is_secret=bool(secret_context))
            version = self._version(first, channel, name)
            address = self._address(asked, channel, first.recipient, f"{name}.to")
            place = _place(channel.kind, address.text)
            if place in places:
                raise InvalidNotification(f"{name}.to", "is where an earlier step goes already")
            places.add(place)
            yield LadderStep(
                position=number + 1,
                channel=channel.kind,
                address=address.text,
                endpoint=address.endpoint,
                template_version=version,
                segments=_segments(version, channel, context, secret_context, name),
                after=asked.after,
                until=asked.until,
            )

    def _version(self, first: First, channel: Channel, name: str) -> TemplateVersion:
        key = (first.template, channel.kind, first.locale)
        if key not in self._versions:
            try:
                self._versions[key] = find_version(*key)
            except InvalidNotification as error:
                raise InvalidNotification(f"{name}.channel", error.problem) from None
        return self._versions[key]

    def _address(
        self, asked: Fallback, channel: Channel, recipient: Recipient | None, name: str
    ) -> Address:
        if asked.to is not None:
            [checked] = channel.addresses([asked.to])
        elif recipient is not None:
            checked = self._own(recipient, channel)
        else:
            checked = "is required: the notification is for no stored recipient"
        if isinstance(checked, str):
            raise InvalidNotification(name, checked)
        return checked

    def _own(self, recipient: Recipient, channel: Channel) -> Address | str:
        if channel.kind not in self._stored:
            self._stored[channel.kind] = stored_addresses(self._recipients, channel)
        own = self._stored[channel.kind].get(recipient.pk)
        return NO_ADDRESS.format(channel=channel.kind) if own is None else Address(own)


def _place(channel: str, address: str) -> tuple[str, str]:
    """Where a step goes, the same for every spelling of the address."""
    return channel, normal_form(channel, address)


def fallback_digest(steps: Sequence[LadderStep], message: Message) -> list[object]:
    """Tell ladders apart, for the idempotency key; a recipient's stays the same after a move."""
    return [
        [
            step.channel,
            None if isinstance(asked, str) or asked.to is None else step.address,
            step.after.total_seconds() if step.after else None,
            step.until,
        ]
        for step, asked in zip(steps, message.fallback, strict=True)
    ]


def _segments(
    version: TemplateVersion,
    channel: Channel,
    context: Mapping[str, Any],
    secret_context: Mapping[str, Any],
    name: str,
) -> int:
    """Write the message of a step once; say how many short messages it makes."""
    try:
        content = try_out(version, context, secret_context)
    except InvalidNotification as error:
        raise InvalidNotification(
            f"{name}.channel", f"its template does not fit the variables: {error}"
        ) from None
    return parts_of(channel, content.text)
