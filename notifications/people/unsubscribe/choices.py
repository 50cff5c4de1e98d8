"""What the holder of a link wants now, and storing what they want from now on."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction

from notifications.models import Category, Recipient, Suppression
from notifications.models.suppression import SuppressionQuerySet
from notifications.people.recipients.preferences import set_preference, set_preferences
from notifications.people.suppression.listing import NewEntry, put
from notifications.people.unsubscribe.token import Subscription
from notifications.rules.preferences import Setting, deciding, path_of
from notifications.rules.suppressions import Reason
from tasks_core import clock, database

SOURCE = "unsubscribe link"
OTHERS = ""
"""Key of the row for everything that no other row is about."""

Choices = dict[tuple[str, str], bool]
"""Whether messages are wanted, by category and channel."""


@dataclass(frozen=True)
class Row:
    """One line of the preference page."""

    key: str
    name: str
    description: str
    path: tuple[str, ...]

    @property
    def depth(self) -> int:
        """How far below the top it is."""
        return max(0, len(self.path) - 1)


def unsubscribe(subscription: Subscription) -> None:
    """Switch off what the link is about; doing it again changes nothing.

    Of a recipient who was deleted nothing is left to switch off.
    """
    about = (subscription.category, subscription.channel)
    if subscription.recipient_id is None:
        _suppress(subscription, [subscription.category])
        return
    recipient = Recipient.objects.filter(pk=subscription.recipient_id).first()
    if recipient is not None:
        set_preference(recipient, False, category=about[0], channel=about[1], source=SOURCE)


def rows_for(subscription: Subscription) -> list[Row]:
    """Return what can be switched on and off, from the top of the tree down; at last the rest.

    Categories that only callers know are among them if the link or an earlier wish is about them.
    """
    categories = {one.key: one for one in Category.objects.select_related("parent")}
    parents = {key: one.parent.key if one.parent else "" for key, one in categories.items()}
    rows = [
        Row(key, str(one), one.description, path_of(key, parents))
        for key, one in categories.items()
        if not one.is_critical
    ]
    said = {setting.category for setting in _settings(subscription)}
    others = {subscription.category, *said} - {OTHERS, *categories}
    rows += [Row(key, key, "", (key,)) for key in others]
    rows.sort(key=lambda row: row.path[::-1])
    return [*rows, _last_row(subscription)]


def _last_row(subscription: Subscription) -> Row:
    """The rest; of an address that belongs to no recipient all, as a list has no exceptions."""
    if subscription.recipient_id is None:
        return Row(OTHERS, "All of these", "Off: nothing of this kind is sent to you any more.", ())
    return Row(OTHERS, "Everything else", "Messages that belong to none of these.", ())


def name_of(category: str) -> str:
    """Return what people call a category."""
    found = Category.objects.filter(key=category).first()
    return str(found) if found else category


def channels_of(subscription: Subscription) -> list[str]:
    """Return the channels that the holder of the link can decide about; none if nobody holds it."""
    if subscription.recipient_id is None:
        return [subscription.channel]
    recipient = Recipient.objects.filter(pk=subscription.recipient_id).first()
    if recipient is None:
        return []
    return sorted({subscription.channel, *recipient.addresses.values_list("channel", flat=True)})


def may_switch_on(subscription: Subscription, channel: str) -> bool:
    """Whether the holder of a link may ask for messages on a channel: only on that of the link.

    A link never expires, and mail is forwarded and mailboxes change hands: whoever holds one reads the
    mail it came with, and not the telephone of the recipient. Anybody may switch off.
    """
    return channel == subscription.channel


def current_choices(subscription: Subscription) -> Choices:
    """Return what is wanted now, for each row and channel."""
    settings, channels = _settings(subscription), channels_of(subscription)
    return {
        (row.key, channel): _is_on(settings, row, channel)
        for row in rows_for(subscription)
        for channel in channels
    }


def store_choices(subscription: Subscription, wanted: Mapping[tuple[str, str], bool]) -> None:
    """Store what is wanted from now on."""
    with transaction.atomic(using=database.alias()):
        if subscription.recipient_id is None:
            _store_for_address(subscription, wanted)
            return
        recipient = (
            Recipient.objects.select_for_update().filter(pk=subscription.recipient_id).first()
        )
        if recipient is not None:
            changes = _changes(subscription, wanted)
            set_preferences(recipient, changes, source="preference page")


def _changes(
    subscription: Subscription, wanted: Mapping[tuple[str, str], bool]
) -> dict[tuple[str, str], bool | None]:
    """Return the settings that make the rows as they are wanted, the widest first.

    What follows from a wider setting needs none of its own. What a link may not switch on stays off.
    """
    before = _settings(subscription)
    settings = {(one.category, one.channel): one for one in before}
    changes: dict[tuple[str, str], bool | None] = {}
    channels = channels_of(subscription)
    for row in sorted(rows_for(subscription), key=lambda row: len(row.path)):
        for channel in channels:
            wish = wanted.get((row.key, channel))
            if wish and not (may_switch_on(subscription, channel) or _is_on(before, row, channel)):
                continue
            if wish is not None and _is_on(list(settings.values()), row, channel) != wish:
                changes[row.key, channel] = wish
                settings[row.key, channel] = Setting(row.key, channel, wish)
    return changes


def _settings(subscription: Subscription) -> list[Setting]:
    if subscription.recipient_id is None:
        held = _unsubscribed(subscription).holding(clock.now())
        return [Setting(key, "", False) for key in held.values_list("category", flat=True)]
    recipient = Recipient.objects.filter(pk=subscription.recipient_id).first()
    rows = recipient.preferences.all() if recipient else []
    return [Setting(row.category, row.channel, row.enabled) for row in rows]


def _is_on(settings: list[Setting], row: Row, channel: str) -> bool:
    found = deciding(settings, path=row.path, channel=channel)
    return found is None or found.enabled


def _store_for_address(subscription: Subscription, wanted: Mapping[tuple[str, str], bool]) -> None:
    """Replace the entries by those that are wanted. A list has no exceptions: what is below goes too."""
    shown = {key for key, _ in wanted}
    _unsubscribed(subscription).filter(category__in=shown).delete()
    off = {key for (key, _), wish in wanted.items() if not wish}
    _suppress(subscription, [OTHERS] if OTHERS in off else sorted(off))


def _suppress(subscription: Subscription, categories: list[str]) -> None:
    put(
        NewEntry(
            channel=subscription.channel,
            hashed=subscription.address_hash,
            category=category,
            reason=Reason.UNSUBSCRIBE,
            source=SOURCE,
        )
        for category in categories
    )


def _unsubscribed(subscription: Subscription) -> SuppressionQuerySet:
    return Suppression.objects.filter(
        channel=subscription.channel,
        address_hash=subscription.address_hash,
        reason=Reason.UNSUBSCRIBE,
    )
