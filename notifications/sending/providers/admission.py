"""Ask for providers before they are tried, and note how they did: for all worker processes."""

import logging
from collections.abc import Sequence
from typing import NamedTuple

from django.db import transaction

from notifications.models import ProviderHealth
from notifications.rules.outcome import SendResult
from notifications.sending.coalescing import Coalescer
from notifications.sending.providers import health_rows as rows
from notifications.sending.providers.health import Admission, Health, admit, learnt
from tasks_core import clock, database
from tasks_core.engine.breaker import BreakerState

logger = logging.getLogger(__name__)


class Asked(NamedTuple):
    """A message that would go to a provider; see ``health.admit`` for ``keeps_place``."""

    provider_id: int
    keeps_place: bool


class Seen(NamedTuple):
    """How a message ended that went to a provider."""

    provider_id: int
    result: SendResult


def admit_each(asked: Sequence[Asked]) -> list[Admission]:
    """Decide about messages; rows are locked only if something may speak against one."""
    now = clock.now()
    ids = {one.provider_id for one in asked}
    known = rows.read(ids)
    if all(one.rule.rate_limit is None and one.health.takes_all(now) for one in known.values()):
        return [Admission()] * len(asked)
    with transaction.atomic(using=database.alias()):
        known = rows.locked(ids)
        healths = {pk: one.health for pk, one in known.items()}
        answers = []
        for provider_id, keeps_place in asked:
            if provider_id not in known:  # deleted just now: the attempt will show it
                answers.append(Admission())
                continue
            healths[provider_id], answer = admit(
                healths[provider_id], known[provider_id].rule, now, keeps_place=keeps_place
            )
            answers.append(answer)
        rows.write({pk: new for pk, new in healths.items() if new != known[pk].health})
    return answers


def note_each(seen: Sequence[Seen]) -> list[None]:
    """Learn from how messages ended; successes of providers that are well cost one look."""
    now = clock.now()
    ids = {one.provider_id for one in seen}
    known = rows.read(ids)
    if any(_matters(known[pk].health, result) for pk, result in seen if pk in known):
        with transaction.atomic(using=database.alias()):
            known = rows.locked(ids)
            healths = {pk: one.health for pk, one in known.items()}
            for provider_id, result in seen:
                if provider_id in known:
                    rule = known[provider_id].rule
                    healths[provider_id] = learnt(healths[provider_id], rule, result, now)
            rows.write({pk: new for pk, new in healths.items() if new != known[pk].health})
        for pk, new in healths.items():
            _tell(known[pk].name, known[pk].health, new)
    return [None] * len(seen)


def forgive(provider_id: int) -> None:
    """Forget what is held against a provider: it is tried again at once."""
    ProviderHealth.objects.filter(pk=provider_id).delete()


def _matters(health: Health, result: SendResult) -> bool:
    return health.remembers or not result.outcome.is_success


def _tell(name: str, before: Health, after: Health) -> None:
    was, now = before.breaker.state, after.breaker.state
    if now is BreakerState.OPEN and was is not BreakerState.OPEN:
        logger.warning(
            "provider %s keeps failing and is left out until %s: %s",
            name,
            after.breaker.until,
            after.last_error,
        )
    elif now is BreakerState.CLOSED and was is not BreakerState.CLOSED:
        logger.info("provider %s works again", name)


admission = Coalescer(admit_each)
note = Coalescer(note_each)
