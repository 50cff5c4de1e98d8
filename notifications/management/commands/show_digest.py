"""`manage.py show_digest`: one digest, its window and its items by number."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from notifications.management.output.digests import describe_digest
from notifications.models import Digest
from tasks_core.management.arguments.numbers import identifier
from tasks_core.management.output.facts import write_facts
from tasks_core.management.platform_command import PlatformCommand


class Command(PlatformCommand):
    """Shows a digest."""

    help = "Show a digest: its window, how many items it has, and the notification that told them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the id."""
        parser.add_argument(
            "id", type=identifier, help="Id of the digest; list_digests shows them."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Write what is known of it."""
        digest = Digest.objects.filter(pk=options["id"]).first()
        if digest is None:
            raise CommandError(f"there is no digest {options['id']}; list_digests shows them")
        write_facts(self, describe_digest(digest), is_coloured=not options["no_color"])
