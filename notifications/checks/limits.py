"""Settings of limits and money that would only show when an SMS or a code is to be sent."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from django.apps import AppConfig
from django.core import checks
from django.core.checks import CheckMessage
from django.core.exceptions import ImproperlyConfigured

from notifications import conf
from notifications.limits.prices import check_prices
from notifications.limits.rate import rates
from notifications.rules.currencies import DECIMAL_PLACES

RATES = (
    "SMS_SPEND_LIMITS",
    "SMS_COUNTRY_LIMITS",
    "OTP_RECIPIENT_LIMITS",
    "OTP_REQUESTER_LIMITS",
)


def limits_can_be_read(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Refuse prices and limits that nobody can read."""
    return [
        checks.Error(problem, id="notifications.E006")
        for read in _readers()
        if (problem := _problem(read))
    ]


def currency_is_known(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Refuse what is no code of a currency, and say when amounts have none."""
    given = conf.current()
    if given.currency and given.currency not in DECIMAL_PLACES:
        return [
            checks.Error(
                f"CURRENCY {given.currency!r} is no code of a currency in use (ISO 4217)",
                hint="Set it to three capitals such as EUR or USD.",
                id="notifications.E007",
            )
        ]
    if given.sms_spend_limits and not given.sms_prices:
        return [
            checks.Warning(
                "SMS_PRICES is empty: SMS_SPEND_LIMITS limits nothing, as nothing has a price",
                hint="Give the price of one SMS, such as *=0.10, or empty SMS_SPEND_LIMITS too.",
                id="notifications.W013",
            )
        ]
    if not given.currency and (_is_own(given, "sms_prices") or _is_own(given, "sms_spend_limits")):
        return [
            checks.Warning(
                "CURRENCY is empty: amounts of money are shown without saying of what",
                hint="Set it to the currency of SMS_PRICES and SMS_SPEND_LIMITS, such as EUR.",
                id="notifications.W003",
            )
        ]
    return []


def _is_own(given: conf.NotificationSettings, name: str) -> bool:
    """Whether a setting is another than the default, which is in no currency, and does something."""
    value = tuple(getattr(given, name))
    return bool(value) and value != getattr(conf.NotificationSettings, name)


def _readers() -> Iterator[Callable[[], object]]:
    given = conf.current()
    yield partial(check_prices, given.sms_prices)
    for setting in RATES:
        yield partial(rates, setting, tuple(getattr(given, setting.lower())))


def _problem(read: Callable[[], object]) -> str:
    try:
        read()
    except ImproperlyConfigured as error:
        return str(error)
    return ""
