"""Which limits a notification falls under."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import ROUND_CEILING

from notifications import conf
from notifications.limits.charge import Charge, charge, hashed
from notifications.limits.prices import MICROS, price_of
from notifications.limits.rate import rates, rates_for
from notifications.message import ONE_TIME_CODE
from notifications.models import Notification
from notifications.rules.addresses import normal_form
from notifications.rules.sms.number import region_of


def charges_of(
    notification: Notification, now: datetime, *, requester: str = "", parts: int = 1
) -> Iterator[Charge]:
    """Return what a notification uses up.

    Codes count against their receiver, however the address is written, and against who asked for them; SMS
    of any kind against their country and against what may be spent.
    """
    if notification.category == ONE_TIME_CODE:
        yield from _of_code(notification, requester, now)
    if notification.channel == "sms":
        yield from _of_sms(notification, parts, now)


def _of_code(notification: Notification, requester: str, now: datetime) -> Iterator[Charge]:
    settings = conf.current()
    address = normal_form(notification.channel, notification.address)
    receiver = hashed("recipient", f"{notification.channel} {address}")
    yield from _counted(
        "otp_recipient", receiver, "OTP_RECIPIENT_LIMITS", settings.otp_recipient_limits, now
    )
    if requester:
        subject = hashed("requester", requester)
        yield from _counted(
            "otp_requester", subject, "OTP_REQUESTER_LIMITS", settings.otp_requester_limits, now
        )


def _counted(
    limit: str, subject: str, setting: str, entries: Iterable[str], now: datetime
) -> Iterator[Charge]:
    for rate in rates(setting, tuple(entries)):
        yield charge(limit, subject, rate, now)


def _of_sms(notification: Notification, parts: int, now: datetime) -> Iterator[Charge]:
    settings = conf.current()
    region = region_of(notification.address)
    for rate in rates_for(region, rates("SMS_COUNTRY_LIMITS", settings.sms_country_limits)):
        yield charge("sms_country", region, rate, now)
    price = price_of(region, settings.sms_prices) * parts
    micros = int((price * MICROS).to_integral_value(ROUND_CEILING))
    for rate in rates("SMS_SPEND_LIMITS", settings.sms_spend_limits):
        yield charge("sms_spend", "*", rate, now, amount=micros, scale=MICROS)
