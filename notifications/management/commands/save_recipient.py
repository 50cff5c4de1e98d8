"""`manage.py save_recipient`: store a recipient, or change one."""

from argparse import ArgumentParser
from typing import Any

from notifications.api import save_recipient
from notifications.exceptions import NotificationsError
from notifications.models import Recipient
from tasks_core.management.arguments.json_input import SOURCES, json_input
from tasks_core.management.output.listing import add_format_argument, write_list
from tasks_core.management.platform_command import PlatformCommand

COLUMNS = ("key", "addresses", "locale", "timezone", "quiet_hours")
NAMES = ("email", "sms", "locale", "timezone", "quiet_hours", "attributes")


class Command(PlatformCommand):
    """Stores a recipient."""

    help = "Store a recipient, or change the one of this key. What is not given stays as it is."
    refusals = (*PlatformCommand.refusals, NotificationsError)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare what is known of a recipient."""
        parser.add_argument("key", help="Your own id of the recipient, such as user-17.")
        for option, name, what in (
            ("--email", "ADDRESS", "Mail address; '' removes it."),
            ("--sms", "NUMBER", "Phone number such as +4915112345678; '' removes it."),
            ("--locale", "TAG", "Language tag such as de or pt-br."),
            ("--timezone", "NAME", "IANA name such as Europe/Berlin."),
            ("--quiet-hours", "TIMES", "Local times such as 22:00-08:00, or off."),
        ):
            parser.add_argument(option, metavar=name, help=what)
        parser.add_argument(
            "--attributes", type=json_input, metavar="JSON", help=f"Anything of yours: {SOURCES}."
        )
        add_format_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Store the recipient and show it."""
        recipient = save_recipient(options["key"], **{name: options[name] for name in NAMES})
        write_list(self, [_describe(recipient)], columns=COLUMNS, options=options)


def _describe(recipient: Recipient) -> dict[str, Any]:
    addresses = recipient.addresses.values_list("channel", "address")
    return {
        "key": recipient.key,
        "addresses": [f"{channel}: {address}" for channel, address in addresses],
        "locale": recipient.locale,
        "timezone": recipient.timezone,
        "quiet_hours": recipient.quiet_hours,
        "attributes": recipient.attributes,
        "updated_at": recipient.updated_at,
    }
