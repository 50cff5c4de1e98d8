"""The inbox channel: a row, read through ``notifications.inbox``."""

from django.db import OperationalError

from notifications.channel_api.channel import Address
from notifications.channel_api.sendable import Sendable
from notifications.exceptions import InvalidTemplate
from notifications.inbox.delivery import put
from notifications.models.endpoint import Endpoint
from notifications.rendering.compiled import CompiledText
from notifications.rules.outcome import Outcome, SendResult
from tasks_core import Exponential, clock
from tasks_core.database.errors import is_lock_timeout

MAX_TEXT = 20_000
MAX_OWNER = 200
LOCKED = "somebody else has its row locked"


class InboxChannel:
    """Owners of inboxes: the id of a user, or whatever ``INBOX_OWNER`` gives."""

    kind = "inbox"
    deliver_task = "notification.deliver.inbox"
    queue_name = "inbox"
    retry = Exponential(max_attempts=10, initial=1.0, factor=2.0, cap=300.0, jitter="full")
    max_runtime = 30.0
    carries_secrets = False

    def recognises(self, to: str | Endpoint) -> bool:
        """Never: callers say channel='inbox'."""
        return False

    def addresses(self, receivers: list[str | Endpoint]) -> list[Address | str]:
        """Check the form of each owner."""
        return [_address(receiver) for receiver in receivers]

    def compile(self, subject: str, text: str, html: str) -> CompiledText:
        """Compile title and text; HTML stays empty."""
        if not subject.strip():
            raise InvalidTemplate("subject", "is empty; it is the title that an inbox lists")
        if html.strip():
            raise InvalidTemplate("html", "an inbox has titles (subject) and texts")
        return CompiledText(subject, text, limit=MAX_TEXT)

    def send(self, sendable: Sendable) -> SendResult:
        """Put the message into the inbox; a second time changes nothing."""
        now = clock.now()
        if sendable.is_late(now):
            return SendResult(outcome=Outcome.EXPIRED, error="expired right before it was sent")
        try:
            number = put(sendable, now)
        except OperationalError as error:
            if not is_lock_timeout(error):
                raise
            return SendResult(outcome=Outcome.THROTTLED, error=LOCKED, untried=True)
        return SendResult(
            outcome=Outcome.SUCCESS,
            provider_message_id=str(number),
            request={"owner": sendable.address, "title": sendable.content.subject},
        )


def _address(receiver: str | Endpoint) -> Address | str:
    if not isinstance(receiver, str) or not receiver.strip() or len(receiver) > MAX_OWNER:
        return f"is no owner of an inbox; give the user's id as text of at most {MAX_OWNER}"
    return Address(receiver)
