"""All channels. To add one: write its folder, and add it to ``SENDING``; see docs/channels.md."""

from notifications.channels.apprise.channel import AppriseChannel
from notifications.channels.channel import Channel, SendingChannel
from notifications.channels.console.channel import ConsoleChannel
from notifications.channels.email.channel import EmailChannel
from notifications.channels.inbox.channel import InboxChannel
from notifications.channels.slack.channel import SlackChannel
from notifications.channels.sms.channel import SmsChannel
from notifications.channels.teams.channel import TeamsChannel
from notifications.channels.telegram.channel import TelegramChannel
from notifications.channels.webhook.channel import WebhookChannel
from notifications.channels.webpush.channel import WebPushChannel
from notifications.exceptions import InvalidNotification
from notifications.models.endpoint import Endpoint

SENDING: tuple[SendingChannel, ...] = (
    SmsChannel(),
    SlackChannel(),
    TeamsChannel(),
    TelegramChannel(),
    WebPushChannel(),
    InboxChannel(),
    ConsoleChannel(),
    AppriseChannel(),
)
"""Those whose task type follows from what they say of themselves."""

_ALL: tuple[Channel, ...] = (EmailChannel(), WebhookChannel(), *SENDING)
CHANNELS: dict[str, Channel] = {channel.kind: channel for channel in _ALL}


def channel_named(kind: str) -> Channel:
    """Give a channel by name.

    Raises:
        InvalidNotification: there is none; lists those that there are.
    """
    try:
        return CHANNELS[kind]
    except KeyError:
        listed = ", ".join(sorted(CHANNELS))
        raise InvalidNotification("channel", f"there is none of this name; use {listed}") from None


def channel_for(to: str | Endpoint) -> Channel:
    """Find the channel that an address belongs to.

    Raises:
        InvalidNotification: none recognises it.
    """
    for channel in CHANNELS.values():
        if channel.recognises(to):
            return channel
    raise InvalidNotification(
        "to",
        "is not an address that tells its channel; give a mail address, a phone number with +, an "
        "Endpoint or an endpoint's https:// URL, or name the channel",
    )
