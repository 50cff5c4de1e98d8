"""Answers for many messages at once."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from notifications.people.screening import subject
from notifications.people.screening.judge import judge
from notifications.people.screening.known import Known, known_about
from notifications.people.screening.subject import Subject
from notifications.people.screening.verdict import Verdict
from notifications.people.unsubscribe.link import unsubscribe_url
from tasks_core import clock


@dataclass(frozen=True)
class Screened:
    """What stands in the way, and the unsubscribe links of what does not, by id.

    ``collected`` has the templates of digests for what quiet hours have held and now release.
    """

    verdicts: dict[int, Verdict] = field(default_factory=dict)
    links: dict[int, str] = field(default_factory=dict)
    collected: dict[int, str] = field(default_factory=dict)


def screen_notifications(ids: Sequence[int]) -> Screened:
    """Ask about accepted notifications."""
    return _screen(subject.of_notifications(ids), with_links=False)


def screen_deliveries(ids: Sequence[int]) -> Screened:
    """Ask about deliveries that are about to be sent."""
    return _screen(subject.of_deliveries(ids), with_links=True)


def _screen(subjects: dict[int, Subject], *, with_links: bool) -> Screened:
    if not subjects:
        return Screened()
    now = clock.now()
    known = known_about(subjects.values(), now)
    judged = {key: judge(one, known, now) for key, one in subjects.items()}
    free = {key: subjects[key] for key, verdict in judged.items() if verdict is None}
    return Screened(
        {key: verdict for key, verdict in judged.items() if verdict is not None},
        {key: unsubscribe_url(one, known.tree) for key, one in free.items()} if with_links else {},
        {
            key: known.tree.digest_template(one.category)
            for key, one in free.items()
            if _fits(one, known)
        },
    )


def _fits(released: Subject, known: Known) -> bool:
    """Whether it may be told with others: it was held, and may be read in another message."""
    return (
        released.was_held
        and released.recipient_id is not None
        and not (released.is_secret or released.critical)
        and bool(known.tree.digest_template(released.category))
    )
