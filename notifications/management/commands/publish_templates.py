"""`manage.py publish_templates`: publish message templates from files."""

from argparse import ArgumentParser, ArgumentTypeError
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from notifications.exceptions import NotificationsError
from notifications.message_templates.builtin import publish_builtin_templates
from notifications.models import TemplateVersion
from tasks_core.management.output.listing import add_format_argument, write_list
from tasks_core.management.platform_command import PlatformCommand

COLUMNS = ("template", "channel", "version")


class Command(PlatformCommand):
    """Publishes templates."""

    help = (
        "Publish the templates of a folder, or those that come with the product: NAME/CHANNEL/text.txt, "
        "beside it subject.txt, html.html, variables.json and sample.json. What has not changed keeps "
        "its version; on error nothing is published."
    )
    refusals = (*PlatformCommand.refusals, NotificationsError, ImproperlyConfigured)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the folder."""
        parser.add_argument(
            "folder",
            nargs="?",
            type=_folder,
            help="Where the templates are; the product's own if not given.",
        )
        add_format_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Publish all, and show which versions are current."""
        versions = publish_builtin_templates(options["folder"])
        write_list(self, map(_describe, versions), columns=COLUMNS, options=options)


def _folder(text: str) -> Path:
    folder = Path(text)
    try:
        holds_some = any(folder.glob("*/*/text.txt"))
    except (OSError, ValueError) as error:  # too long for a name, or with a NUL in it
        raise ArgumentTypeError(f"{text!r} cannot be read: {error}") from None
    if not holds_some:
        raise ArgumentTypeError(f"{text!r} holds no NAME/CHANNEL/text.txt")
    return folder


def _describe(version: TemplateVersion) -> dict[str, Any]:
    template = version.template
    return {
        "template": template.name,
        "channel": template.channel,
        "locale": template.locale,
        "version": version.number,
        "published_at": version.published_at,
    }
