"""All channels. To add one: write its folder, and add it here."""

from notifications.channels.channel import Channel
from notifications.channels.email import channel as email
from notifications.channels.webhook import channel as webhook
from notifications.exceptions import InvalidNotification
from notifications.models.endpoint import Endpoint

CHANNELS: dict[str, Channel] = {
    channel.kind: channel for channel in (email.EmailChannel(), webhook.WebhookChannel())
}


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
        "to", "is not an address; give a mail address, an Endpoint, or an endpoint's https:// URL"
    )
