"""Every error the notifications app raises to its callers.

NotificationsError
├── InvalidNotification      one argument of notify(...) is wrong; names the field
│   └── UnknownTemplate
├── LimitExceeded            too much was sent already; names the limit and when it ends
├── ResendRefused            a code cannot be sent again, or not yet
├── InvalidProvider          a provider or a destination is wrong; names the field
├── IdempotencyConflict      the key was used before, for other content
├── InvalidTemplate          a template cannot be published; names the part and the line
├── RenderingFailed          a published template and its variables do not make a message
├── InvalidEndpoint          a webhook address or one of its secrets is wrong
├── InvalidBroadcast         one argument or one receiver of a broadcast is wrong; names the field
├── BroadcastNotFound        there is no broadcast of this name
├── InvalidRecipient         one argument of save_recipient(...) is wrong; names the field
├── RecipientNotFound        there is no recipient of this key
├── InvalidCategory          one argument of save_category(...) is wrong; names the field
├── InvalidSuppression       an entry for the suppression list is wrong; names the field
├── InvalidEvent             a provider's event cannot be read; names the field
├── UnknownCondition         no predicate of this name is registered in this process
├── InvalidTrigger           one argument of a trigger or a scheduled event is wrong; names the field
│   └── TriggerExists        the name is taken, and the caller did not say replace
├── TriggerNotFound          there is no cron trigger of this name
├── TriggerEventNotFound     there is no event of this id
└── TriggerEventUnfinished   the event's status does not allow this; names it

The messages are written for the person who made the call: what is wrong, and what would be right.
They never quote a value, because a value may be a one-time code.
"""

from datetime import datetime, timedelta

from tasks_core.exceptions import in_short


class NotificationsError(Exception):
    """Base of all errors of the notifications app. What it says can be stored and shown."""

    def __init__(self, *said: object) -> None:
        super().__init__(*in_short(said))


class _InvalidField(NotificationsError, ValueError):
    """Something is wrong with one argument, named by ``field``; nothing was written."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem


class InvalidNotification(_InvalidField):
    """One argument of notify(...) is wrong.

    ``field`` is the name of the argument, with a path into it where that helps
    (``context.amount``, ``messages[3].to``).
    """


class UnknownTemplate(InvalidNotification):
    """No published template has this name for this channel."""


class IdempotencyConflict(NotificationsError):
    """The idempotency key belongs to an earlier notification with other content."""


class LimitExceeded(NotificationsError):
    """A limit does not allow this message; nothing was stored.

    ``limit`` is its name: ``otp_recipient``, ``otp_requester``, ``sms_country`` or ``sms_spend``;
    ``ends_at`` is when its window ends, so when to try again.
    """

    def __init__(self, limit: str, ends_at: datetime, seconds: int) -> None:
        super().__init__(
            f"the limit {limit} is used up for this span of {timedelta(seconds=seconds)}; "
            f"it ends at {ends_at:%Y-%m-%d %H:%M:%S} UTC"
        )
        self.limit = limit
        self.ends_at = ends_at


class ResendRefused(NotificationsError):
    """A code cannot be sent again. ``again_at`` is when it can, if waiting helps."""

    def __init__(self, problem: str, again_at: datetime | None = None) -> None:
        super().__init__(problem)
        self.again_at = again_at


class InvalidProvider(NotificationsError, ValueError):
    """A provider or a destination is wrong; names the field, never quotes a credential."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem


class InvalidTemplate(NotificationsError, ValueError):
    """A template cannot be published.

    ``part`` is ``subject``, ``text``, ``html``, ``schema`` or ``sample``; ``line`` counts from 1.
    """

    def __init__(self, part: str, problem: str, line: int | None = None) -> None:
        where = f"{part}, line {line}" if line else part
        super().__init__(f"{where}: {problem}")
        self.part = part
        self.line = line
        self.problem = problem


class RenderingFailed(NotificationsError):
    """A published template and its variables do not make a message.

    ``part`` and ``line`` say where; ``variable`` is the name that was missing, if that was it.
    """

    def __init__(
        self, part: str, problem: str, *, line: int | None = None, variable: str | None = None
    ) -> None:
        where = f"{part}, line {line}" if line else part
        super().__init__(f"{where}: {problem}")
        self.part = part
        self.line = line
        self.problem = problem
        self.variable = variable


class InvalidEndpoint(_InvalidField):
    """A webhook address or one of its secrets is wrong; names the field."""


class InvalidBroadcast(_InvalidField):
    """One argument or one receiver of a broadcast is wrong.

    ``field`` is its name, with a path into it where that helps (``audience[3].to``).
    """


class BroadcastNotFound(NotificationsError, LookupError):
    """There is no broadcast of this name."""


class InvalidRecipient(_InvalidField):
    """One argument of save_recipient(...) or set_preference(...) is wrong."""


class RecipientNotFound(NotificationsError, LookupError):
    """There is no recipient of this key."""


class InvalidCategory(_InvalidField):
    """One argument of save_category(...) is wrong."""


class InvalidSuppression(_InvalidField):
    """An entry for the suppression list is wrong."""


class InvalidEvent(_InvalidField):
    """A provider's event cannot be read."""


class UnknownCondition(NotificationsError):
    """No predicate of this name is registered in this process."""


class InvalidTrigger(_InvalidField):
    """One argument of a trigger or of a scheduled event is wrong; nothing was written.

    ``field`` is its name, with a path into it where that helps (``retry_conf.num_retries``).
    """


class TriggerExists(InvalidTrigger):
    """Another cron trigger has this name."""


class TriggerNotFound(NotificationsError, LookupError):
    """There is no cron trigger of this name."""


class TriggerEventNotFound(NotificationsError, LookupError):
    """There is no event of this id."""


class TriggerEventUnfinished(NotificationsError):
    """The event's status does not allow what was asked for."""
