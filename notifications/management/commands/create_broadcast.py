"""`manage.py create_broadcast`: send a template to everybody in a file."""

from argparse import ArgumentParser
from itertools import chain, islice
from typing import Any

from django.core.management.base import CommandError

from notifications.broadcasts.creation import IN_FLIGHT, create_broadcast, fill_broadcast
from notifications.broadcasts.files import FORMATS, format_of, read_receivers
from notifications.channel_api.registry import CHANNELS
from notifications.exceptions import NotificationsError
from notifications.management.arguments.text_input import opened_lines
from notifications.management.output.broadcasts import describe_broadcast
from notifications.models import Broadcast
from tasks_core.management.arguments.instant import instant
from tasks_core.management.arguments.numbers import per_second, positive
from tasks_core.management.output.facts import write_facts
from tasks_core.management.output.progress import with_progress
from tasks_core.management.platform_command import PlatformCommand


class Command(PlatformCommand):
    """Makes one broadcast."""

    help = (
        "Send a published template to everybody in a file, each address once. If reading the file "
        "stops half way, --resume with the same file goes on with it."
    )
    refusals = (*PlatformCommand.refusals, NotificationsError)

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the template, the audience and the pace."""
        parser.add_argument("name", help="Unique among all broadcasts.")
        parser.add_argument("template", help="Name of a published template.")
        parser.add_argument(
            "audience",
            metavar="FILE",
            help="CSV with the columns to, locale (if wanted) and one for each variable; or JSON "
            "lines with to, locale and context. - is standard input.",
        )
        parser.add_argument(
            "--audience-format", choices=FORMATS, help="Found from the file's name if not given."
        )
        parser.add_argument(
            "--channel", choices=sorted(CHANNELS), default="email", help="Default: email."
        )
        parser.add_argument("--locale", default="", metavar="TAG", help="For those without one.")
        parser.add_argument("--category", default="", metavar="NAME", help="What kind of message.")
        parser.add_argument(
            "--rate", type=per_second, metavar="N/s", help="At most so many: 5/s, 30/m or 600/h."
        )
        for option, what in (
            ("--run-after", "Not before this instant, such as 2026-07-01T09:00+02:00."),
            ("--expires-at", "Nothing is sent from then on."),
        ):
            parser.add_argument(option, type=instant, metavar="TIME", help=what)
        parser.add_argument(
            "--in-flight",
            type=positive,
            default=IN_FLIGHT,
            metavar="N",
            help=f"At most so many wait to be sent at a time. Default: {IN_FLIGHT}.",
        )
        for switch, what in (
            ("--skip-invalid", "Keep wrong entries apart instead of stopping at the first."),
            ("--hold", "Leave it paused when the file has been read."),
            ("--resume", "Go on with a broadcast whose file was not read to its end."),
        ):
            parser.add_argument(switch, action="store_true", help=what)

    def handle(self, *args: Any, **options: Any) -> None:
        """Read the file, and show what the broadcast has."""
        form = options["audience_format"] or format_of(options["audience"])
        if form is None:
            raise CommandError("--audience-format: the file's name does not say; give csv or jsonl")
        with opened_lines(options["audience"]) as file:
            read = read_receivers(file, form)
            first = list(islice(read, 1))  # before anything is made: the file may be no such table
            if not options["resume"]:
                _create(options)
            receivers = with_progress(chain(first, read), total=None, what="receivers")
            how = {"skip_invalid": options["skip_invalid"], "hold": options["hold"]}
            fill_broadcast(options["name"], receivers, **how)
        facts = describe_broadcast(Broadcast.objects.get(name=options["name"]))
        write_facts(self, facts, is_coloured=not options["no_color"])


def _create(options: dict[str, Any]) -> None:
    passed_on = ("channel", "locale", "category", "rate", "run_after", "expires_at", "in_flight")
    create_broadcast(
        options["name"], options["template"], **{name: options[name] for name in passed_on}
    )
