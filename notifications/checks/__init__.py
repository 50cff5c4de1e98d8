"""System checks: what is wrong with the settings, before a message shows it."""

from django.core import checks

from notifications.checks.connections import ways_out_can_be_read
from notifications.checks.foreign_keys import foreign_keys_let_rows_go
from notifications.checks.keeping import retention_can_be_read, sandbox_is_on
from notifications.checks.limits import currency_is_known, limits_can_be_read
from notifications.checks.mail import passwords_are_not_sent_in_the_clear, sender_can_be_written
from notifications.checks.numbers import numbers_are_sensible
from notifications.checks.recipients import (
    mails_can_be_unsubscribed_from,
    public_url_can_be_reached,
    quiet_hours_can_be_read,
)
from notifications.checks.variables import bindings_can_be_read


def register() -> None:
    """Register the checks with Django; called once, when the app is ready."""
    checks.register(sandbox_is_on)
    checks.register(numbers_are_sensible)
    checks.register(sender_can_be_written)
    checks.register(ways_out_can_be_read)
    checks.register(passwords_are_not_sent_in_the_clear)
    checks.register(retention_can_be_read)
    checks.register(foreign_keys_let_rows_go)
    checks.register(limits_can_be_read)
    checks.register(currency_is_known)
    checks.register(bindings_can_be_read)
    checks.register(public_url_can_be_reached)
    checks.register(quiet_hours_can_be_read)
    checks.register(mails_can_be_unsubscribed_from, deploy=True)
