"""`manage.py list_digests`: what is being collected, and what became of it."""

from argparse import ArgumentParser
from typing import Any

from notifications.management.output.digests import DIGEST_COLUMNS, describe_digest
from notifications.models import Digest, Template
from notifications.states import DigestState
from tasks_core.management.arguments.numbers import row_limit
from tasks_core.management.known_names import check_name
from tasks_core.management.output.listing import add_format_argument, write_list
from tasks_core.management.platform_command import PlatformCommand


class Command(PlatformCommand):
    """Lists digests."""

    help = "List digests, the newest first, with their windows and numbers of items."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare which."""
        parser.add_argument("--state", choices=DigestState.values, help="Only those in this state.")
        parser.add_argument("--template", metavar="NAME", help="Only those of this template.")
        parser.add_argument(
            "--limit", type=row_limit, default=50, metavar="N", help="At most so many. Default: 50."
        )
        add_format_argument(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the list."""
        if options["template"]:
            names = Template.objects.values_list("name", flat=True)
            collected = Digest.objects.filter(template=options["template"])
            check_name(options["template"], names, collected, what="template")
        asked = {name: options[name] for name in ("state", "template") if options[name]}
        found = Digest.objects.filter(**asked).order_by("-pk")
        rows = map(describe_digest, found[: options["limit"]])
        write_list(self, rows, columns=DIGEST_COLUMNS, options=options)
