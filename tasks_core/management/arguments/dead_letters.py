"""Which dead letters a command acts on: by id, or by what they have in common."""

from argparse import ArgumentParser
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.management.base import CommandError
from django.db.models import Max

from tasks_core.exceptions import DeadLetterNotFound, InvalidTransition
from tasks_core.management.arguments.numbers import identifier
from tasks_core.management.known_names import check_types
from tasks_core.models import DeadLetter
from tasks_core.models.dead_letter import DeadLetterQuerySet

CHUNK = 500


def add_letter_choice(parser: ArgumentParser) -> None:
    """Add ids, ``--type``, ``--fingerprint`` and ``--all``."""
    parser.add_argument("ids", type=identifier, nargs="*", help="Ids of dead letters.")
    parser.add_argument("--type", metavar="NAME", help="All unresolved ones of this task type.")
    parser.add_argument(
        "--fingerprint", metavar="HEX", help="All unresolved ones of the same failure."
    )
    parser.add_argument("--all", action="store_true", help="All unresolved ones.")


@dataclass(frozen=True)
class LetterChoice:
    """Unresolved dead letters. Those that are written later are not among them.

    Without that limit, replaying a task that fails at once would go on for ever.
    """

    letters: DeadLetterQuerySet
    last_id: int
    count: int

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> "LetterChoice":
        """Return what ``options`` choose.

        Raises:
            CommandError: nothing was chosen, or ids and filters together.
            DeadLetterNotFound, InvalidTransition: one of the ids does not exist or is resolved.
            UnknownTaskType: there is no such type, and there are no dead letters of it.
        """
        _refuse_unclear(options)
        letters = DeadLetter.objects.unresolved()
        if options["ids"]:
            _refuse_resolved(options["ids"])
            letters = letters.filter(pk__in=options["ids"])
        if options["type"] is not None:
            check_types([options["type"]], DeadLetter.objects.all())
            letters = letters.filter(task_type=options["type"])
        if options["fingerprint"] is not None:
            letters = letters.filter(fingerprint=options["fingerprint"])
        last_id = letters.aggregate(last=Max("pk"))["last"] or 0
        return cls(letters, last_id, letters.filter(pk__lte=last_id).count())

    def ids(self) -> Iterator[int]:
        """Return the ids, the oldest first, without holding all of them."""
        after = 0
        while chunk := list(
            self.letters.filter(pk__gt=after, pk__lte=self.last_id)
            .order_by("pk")
            .values_list("pk", flat=True)[:CHUNK]
        ):
            yield from chunk
            after = chunk[-1]


def _refuse_unclear(options: Mapping[str, Any]) -> None:
    filters = options["type"] is not None or options["fingerprint"] is not None
    ways = [bool(options["ids"]), filters, options["all"]]
    if sum(ways) != 1:
        raise CommandError(
            "say which dead letters: either ids, or --type and --fingerprint, or --all; "
            "list_dead_letters shows them"
        )


def _refuse_resolved(ids: list[int]) -> None:
    found = dict(DeadLetter.objects.filter(pk__in=ids).values_list("pk", "resolution"))
    missing = [str(pk) for pk in ids if pk not in found]
    if missing:
        raise DeadLetterNotFound(
            f"there is no dead letter {', '.join(missing)}; nothing was changed"
        )
    resolved = [f"{pk} ({found[pk]})" for pk in ids if found[pk]]
    if resolved:
        raise InvalidTransition(
            f"resolved already: dead letter {', '.join(resolved)}; nothing was changed"
        )
