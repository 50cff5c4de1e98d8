"""From what callers give as ``to`` to a channel, an address and the recipient behind it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from notifications.channel_api.channel import Address, Channel
from notifications.channel_api.registry import CHANNELS, channel_for, channel_named
from notifications.exceptions import InvalidNotification
from notifications.models import Category, Endpoint, Recipient, RecipientAddress, Template
from tasks_core.engine.json_text import is_storable

To = str | Endpoint | Recipient

NOBODY = (
    "is not an address, nor the key of a recipient; give a mail address, an Endpoint, an endpoint's "
    "https:// URL, or the key of a recipient that save_recipient(...) has stored"
)

NO_ADDRESS = "the recipient has no address for channel {channel}; give one with save_recipient(...)"


@dataclass(frozen=True)
class Found:
    """Where one message goes; ``problem`` says why it cannot."""

    address: Address | None = None
    recipient: Recipient | None = None
    problem: str = ""


def recipients_among(receivers: Iterable[To]) -> dict[str, Recipient]:
    """Load the recipients whose keys are among ``receivers``, with one query."""
    keys = {
        to for to in receivers if isinstance(to, str) and is_storable(to) and not _is_address(to)
    }
    if not keys:
        return {}
    # No more than what is asked for here: one value that cannot be read would refuse all.
    rows = Recipient.objects.filter(key__in=keys).only("key", "locale")
    return {one.key: one for one in rows}


def choose_channel(
    to: To, known: Mapping[str, Recipient], *, asked: str | None, template: str, category: str
) -> Channel:
    """Choose the channel that messages leave by: as asked, by the address, or by what a recipient has.

    Raises:
        InvalidNotification: there is none.
    """
    if asked:
        return channel_named(asked)
    recipient = _recipient(to, known)
    if recipient is not None:
        return _channel_of(recipient, template, category)
    if isinstance(to, str) and not _is_address(to):
        raise InvalidNotification("to", NOBODY)
    assert not isinstance(to, Recipient)
    return channel_for(to)


def find_addresses(
    receivers: Sequence[To], known: Mapping[str, Recipient], channel: Channel
) -> list[Found]:
    """Find where messages go, with one query for the recipients and those of the channel."""
    owners = [_recipient(to, known) for to in receivers]
    stored = stored_addresses([one.pk for one in owners if one is not None], channel)
    plain = [to for to, owner in zip(receivers, owners, strict=True) if owner is None]
    checked = iter(channel.addresses([_plain(to) for to in plain]))
    return [
        _given(next(checked), to) if owner is None else _own(owner, stored, channel)
        for to, owner in zip(receivers, owners, strict=True)
    ]


def _is_address(to: str) -> bool:
    return any(channel.recognises(to) for channel in CHANNELS.values())


def _recipient(to: To, known: Mapping[str, Recipient]) -> Recipient | None:
    if isinstance(to, Recipient):
        return to
    return known.get(to) if isinstance(to, str) else None


def _plain(to: To) -> str | Endpoint:
    assert not isinstance(to, Recipient)
    return to


def _given(checked: Address | str, to: To) -> Found:
    if not isinstance(checked, str):
        return Found(checked)
    is_key = isinstance(to, str) and not _is_address(to)
    return Found(problem=f"{checked}; nor is it the key of a recipient" if is_key else checked)


def _own(owner: Recipient, stored: Mapping[int, str], channel: Channel) -> Found:
    if owner.pk in stored:
        return Found(Address(stored[owner.pk]), owner)
    return Found(problem=NO_ADDRESS.format(channel=channel.kind))


def stored_addresses(recipients: Sequence[int], channel: Channel) -> dict[int, str]:
    """Return the addresses that recipients have on a channel, by their ids."""
    if not recipients:
        return {}
    rows = RecipientAddress.objects.filter(recipient__in=recipients, channel=channel.kind)
    return dict(rows.values_list("recipient_id", "address"))


def _channel_of(recipient: Recipient, template: str, category: str) -> Channel:
    """Take the first channel that the category prefers, the recipient has and the template is for."""
    preferred = _preferred(category)
    has = set(recipient.addresses.values_list("channel", flat=True))
    published = Template.objects.filter(name=template, current__isnull=False)
    written = set(published.values_list("channel", flat=True))
    for kind in preferred:
        if kind in CHANNELS and kind in has and kind in written:
            return CHANNELS[kind]
    raise InvalidNotification(
        "to",
        f"the recipient has addresses for {_listed(has)}, the template is written for "
        f"{_listed(written)}, and the category allows {_listed(preferred)}; they have none in common",
    )


def _preferred(category: str) -> list[str]:
    row = Category.objects.filter(key=category).first() if category else None
    return row.default_channels if row and row.default_channels else list(CHANNELS)


def _listed(channels: Iterable[str]) -> str:
    return ", ".join(sorted(channels)) or "none"
