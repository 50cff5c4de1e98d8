"""All channels. To add one: write its folder, and add it to ``SENDING``; see docs/channels.md."""

from notifications.channel_api.channel import Channel, SendingChannel
from notifications.exceptions import InvalidNotification
from notifications.models.endpoint import Endpoint
from notifications.sending.channels.apprise.channel import AppriseChannel
from notifications.sending.channels.console.channel import ConsoleChannel
from notifications.sending.channels.email.channel import EmailChannel
from notifications.sending.channels.inbox.channel import InboxChannel
from notifications.sending.channels.slack.channel import SlackChannel
from notifications.sending.channels.sms.channel import SmsChannel
from notifications.sending.channels.teams.channel import TeamsChannel
from notifications.sending.channels.telegram.channel import TelegramChannel
from notifications.sending.channels.webhook.channel import WebhookChannel
from notifications.sending.channels.webpush.channel import WebPushChannel

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
