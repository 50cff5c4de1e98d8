"""The language tag of a message, a template or a recipient, at the door."""

from notifications.exceptions import InvalidNotification, InvalidRecipient, InvalidTemplate
from notifications.rules.language_tags import language_tag

Wrong = type[InvalidNotification] | type[InvalidRecipient] | type[InvalidTemplate]


def checked_locale(locale: object, wrong: Wrong = InvalidNotification) -> str:
    """Check a language tag; return it as it is stored. Nothing is one.

    Raises:
        InvalidNotification: or what ``wrong`` is; says what would be right.
    """
    try:
        return language_tag(locale)
    except ValueError as error:
        raise wrong("locale", str(error)) from None
