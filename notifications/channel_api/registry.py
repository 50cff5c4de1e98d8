"""All channels by name, each imported when it is first asked for.

To add one: write its folder below ``sending/channels``, and a line here; see docs/channels.md.
"""

from collections.abc import Iterator, MutableMapping
from importlib import import_module

from notifications.channel_api.channel import Channel
from notifications.exceptions import InvalidNotification
from notifications.models.endpoint import Endpoint

_FOLDER = "notifications.sending.channels."

# In the order in which they are asked whether an address is one of theirs.
_CLASSES = {
    "email": "email.channel.EmailChannel",
    "webhook": "webhook.channel.WebhookChannel",
    "sms": "sms.channel.SmsChannel",
    "slack": "slack.channel.SlackChannel",
    "teams": "teams.channel.TeamsChannel",
    "telegram": "telegram.channel.TelegramChannel",
    "webpush": "webpush.channel.WebPushChannel",
    "inbox": "inbox.channel.InboxChannel",
    "console": "console.channel.ConsoleChannel",
    "apprise": "apprise.channel.AppriseChannel",
}


class Channels(MutableMapping[str, Channel]):
    """The channels by the word that names them in ``notify(channel=...)``."""

    def __init__(self, classes: dict[str, str]) -> None:
        """Take the class of each channel by its dotted path."""
        self._channels: dict[str, Channel | str] = {
            kind: _FOLDER + path for kind, path in classes.items()
        }

    def __getitem__(self, kind: str) -> Channel:
        """Return a channel, imported if nobody has asked for it before."""
        channel = self._channels[kind]
        if isinstance(channel, str):
            module, _, name = channel.rpartition(".")
            channel = self._channels[kind] = getattr(import_module(module), name)()
        return channel

    def __setitem__(self, kind: str, channel: Channel) -> None:
        """Add a channel, or put another in its place."""
        self._channels[kind] = channel

    def __delitem__(self, kind: str) -> None:
        """Take a channel away."""
        del self._channels[kind]

    def __iter__(self) -> Iterator[str]:
        """Go through the names; imports nothing."""
        return iter(self._channels)

    def __len__(self) -> int:
        """Count them."""
        return len(self._channels)

    def __contains__(self, kind: object) -> bool:
        """Return whether there is a channel of this name; imports nothing."""
        return kind in self._channels


CHANNELS = Channels(_CLASSES)


def channel_named(kind: str) -> Channel:
    """Return a channel by name.

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
