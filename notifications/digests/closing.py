"""Close a window: one notification with all its items, however often this runs."""

from collections.abc import Iterable

from notifications.channel_api.registry import channel_named
from notifications.exceptions import InvalidNotification
from notifications.intake.acceptance import accept
from notifications.intake.validation import Terms, validate
from notifications.message import Message
from notifications.message_templates.publishing import find_version
from notifications.models import Digest, Notification
from notifications.sending.pipeline.postponing import postponed_if_locked
from notifications.states import DIGEST_UNFINISHED, DigestState
from notifications.task_payloads import CLOSE_DIGEST
from tasks_core import PermanentError, Snooze, clock
from tasks_core.signals import UnsuccessfulTask

BUSY_SECONDS = 1.0
"""How soon a window is looked at again that a caller's transaction is adding to."""


def close(digest_id: int) -> str:
    """Send what a window has collected, unless that was done; return its state.

    Raises:
        Snooze: somebody else has it in hand at this moment.
        PermanentError: no message can be made of it; after the template was put right, replay the
            dead letter.
    """
    with postponed_if_locked():
        found = Digest.objects.filter(pk=digest_id, state__in=DIGEST_UNFINISHED)
        digest = found.select_for_update(skip_locked=True).first()
        if digest is not None:
            notification = _notification(digest)
            found.update(
                state=DigestState.CLOSED,
                reason="",
                closed_at=clock.now(),
                notification=notification,
            )
            digest.items.all().delete()
            return DigestState.CLOSED.value
    return _not_closed(digest_id)


def _not_closed(digest_id: int) -> str:
    state = Digest.objects.filter(pk=digest_id).values_list("state", flat=True).first()
    if state in DIGEST_UNFINISHED:
        raise Snooze(BUSY_SECONDS, "an item is being added to it")
    return state or "gone"


def _notification(digest: Digest) -> Notification:
    now = clock.now()
    items = list(digest.items.order_by("pk").values_list("context", flat=True))
    message = Message(
        to=digest.endpoint or digest.address,
        context={"items": items, "count": len(items)},
        idempotency_key=f"digest-{digest.pk}",
        correlation_id=f"digest-{digest.pk}",
    )
    try:
        terms = Terms(
            version=find_version(digest.template, digest.channel, digest.locale),
            channel=channel_named(digest.channel),
            category=digest.category,
            critical=False,
            run_after=now,
            now=now,
        )
        [notification] = accept(validate([message], terms))
    except InvalidNotification as error:
        raise PermanentError(str(error)) from None
    return notification


def follow_unsuccessful_digests(tasks: Iterable[UnsuccessfulTask]) -> None:
    """Let no window stay open whose task has ended: nobody would close it.

    Its items are kept, and replaying the task sends them. This runs in the transaction that ends
    the tasks.
    """
    for task in tasks:
        if task.task_type == CLOSE_DIGEST and isinstance(task.payload, dict):
            _keep(task, task.payload.get("digest"))


def _keep(task: UnsuccessfulTask, digest_id: object) -> None:
    if isinstance(digest_id, int):
        why = task.error or f"its task was {task.state.value.lower()}"
        Digest.objects.filter(pk=digest_id, state__in=(DigestState.OPEN, DigestState.FULL)).update(
            state=DigestState.FAILED, reason=why[:200]
        )
