"""Does a call with an idempotency key that is known ask for the same message?"""

from notifications.confidential import DIGEST_LENGTH
from notifications.models import Notification
from notifications.states import BODY_WIPED


def asks_for_the_same(earlier: Notification, asked: Notification) -> bool:
    """Compare what is asked for with what was stored under the same idempotency key.

    While the digest of the earlier one is kept, all of both is compared. It goes with the secret, and with
    the variables that retention and erasure remove; then what is left of the row decides.
    """
    if len(earlier.content_digest) == DIGEST_LENGTH:
        return earlier.content_digest == asked.content_digest
    return _terms(earlier) == _terms(asked) and (
        bool(earlier.wiped & BODY_WIPED) or _content(earlier) == _content(asked)
    )


def _terms(one: Notification) -> tuple[object, ...]:
    template = one.template_version.template
    return (template.name, template.channel, one.category, one.is_secret, one.condition)


def _content(one: Notification) -> tuple[object, ...]:
    """What may be seen of it; a recipient stays the same when the address changes."""
    receiver = one.recipient_id or (one.endpoint_id, one.address)
    return (receiver, one.context, one.condition_args)
