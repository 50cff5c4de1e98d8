"""`manage.py save_category`: store a category, or change one."""

from argparse import ArgumentParser, ArgumentTypeError, BooleanOptionalAction
from typing import Any

from notifications.api import save_category
from notifications.exceptions import NotificationsError
from notifications.models import Category
from notifications.people.recipients.categories import RETENTION
from notifications.people.recipients.inheriting import INHERIT, Inherit
from tasks_core.management.output.listing import add_format_argument, write_list
from tasks_core.management.platform_command import PlatformCommand

COLUMNS = ("key", "parent", "is_critical", "quiet_hours", *RETENTION)
NAMES = (
    "name",
    "description",
    "parent",
    "is_critical",
    "quiet_hours",
    "digest_template",
    "default_channels",
    *RETENTION,
)
KEPT = {
    "body_retention_days": "variables and texts are kept",
    "exchange_retention_days": "requests and responses are kept",
    "row_retention_days": "the rows are kept",
}


class Command(PlatformCommand):
    """Stores a category."""

    help = "Store a category, or change the one of this key. What is not given stays as it is."
    refusals = (*PlatformCommand.refusals, NotificationsError)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options of ``notifications.api.save_category``."""
        parser.add_argument("key", help="What callers give to notify, such as billing.reminders.")
        for option, name, what in (
            ("--name", "TEXT", "What recipients read."),
            ("--description", "TEXT", "For recipients, too."),
            ("--parent", "KEY", "The category above; '' for none."),
            ("--quiet-hours", "WHAT", "What they do to it: defer, drop, digest or send."),
            (
                "--digest-template",
                "NAME",
                "Tells in one message what quiet hours held; '' for none.",
            ),
        ):
            parser.add_argument(option, metavar=name, help=what)
        parser.add_argument(
            "--critical",
            dest="is_critical",
            action=BooleanOptionalAction,
            help="Whether preferences and quiet hours do not hold for it.",
        )
        parser.add_argument(
            "--default-channels",
            type=_channels,
            metavar="NAMES",
            help="Ways to take, such as email,sms; '' for as the templates allow.",
        )
        for field, kept in KEPT.items():
            parser.add_argument(
                f"--{field.replace('_', '-')}",
                type=_days,
                metavar="DAYS",
                help=f"Days for which {kept}; 0 for no limit, 'inherit' for as the category above.",
            )
        add_format_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Store the category and show it."""
        category = save_category(options["key"], **{name: options[name] for name in NAMES})
        write_list(self, [_describe(category)], columns=COLUMNS, options=options)


def _channels(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _days(text: str) -> int | Inherit:
    if text == INHERIT.value:
        return INHERIT
    if text.isascii() and text.isdecimal():
        return int(text)
    raise ArgumentTypeError(
        f"'{text}' is no number of days; write 30, or 0 for no limit, or {INHERIT.value}"
    )


def _describe(category: Category) -> dict[str, Any]:
    return {
        "key": category.key,
        "name": category.name,
        "description": category.description,
        "parent": category.parent.key if category.parent else None,
        "is_critical": category.is_critical,
        "quiet_hours": category.quiet_hours,
        "digest_template": category.digest_template,
        "default_channels": category.default_channels,
        **{field: getattr(category, field) for field in RETENTION},
    }
