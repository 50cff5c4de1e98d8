"""Limits, prices and the currency are read at start, and not when the first code is to be sent."""

import re
from decimal import Decimal
from typing import Any

import pytest
from django.core.checks import run_checks
from pytest_django import Settings

from notifications.rules.currencies import DECIMAL_PLACES, in_currency

PRICES = ["DE=0.075", "*=0.10"]


@pytest.mark.parametrize(
    ("given", "number", "words"),
    [
        ({"SMS_PRICES": ["DE:1"], "CURRENCY": "EUR"}, "E006", "SMS_PRICES.*'DE:1' is no price"),
        ({"OTP_RECIPIENT_LIMITS": ["5/10"]}, "E006", "OTP_RECIPIENT_LIMITS.*'5/10' is no limit"),
        ({"OTP_REQUESTER_LIMITS": ["x/1h"]}, "E006", "OTP_REQUESTER_LIMITS"),
        ({"SMS_COUNTRY_LIMITS": ["DE=5"]}, "E006", "SMS_COUNTRY_LIMITS"),
        ({"SMS_SPEND_LIMITS": ["50"], "CURRENCY": "EUR"}, "E006", "SMS_SPEND_LIMITS"),
        ({"CURRENCY": "EURO"}, "E007", "'EURO' is no code of a currency in use"),
        ({"CURRENCY": "eur"}, "E007", "'eur'"),
        ({"CURRENCY": "DEM"}, "E007", "'DEM'"),
        ({"SMS_PRICES": PRICES}, "W003", "CURRENCY is empty"),
        ({"SMS_PRICES": []}, "W013", "SMS_SPEND_LIMITS limits nothing"),
        ({"SMS_SPEND_LIMITS": ["50.00/1h"]}, "W003", "CURRENCY is empty"),
    ],
)
def test_what_cannot_be_read_is_said_at_start(
    settings: Settings,
    given: dict[str, Any],
    number: str,
    words: str,
) -> None:
    settings.BELLRINGER = {**settings.BELLRINGER, **given}
    [found] = [one for one in run_checks() if str(one.id).startswith("notifications.")]
    assert found.id == f"notifications.{number}"
    assert re.search(words, str(found.msg))


def test_prices_with_a_currency_are_no_problem(settings: Settings) -> None:
    settings.BELLRINGER = {**settings.BELLRINGER, "SMS_PRICES": PRICES, "CURRENCY": "CHF"}
    assert [one for one in run_checks() if str(one.id).startswith("notifications.")] == []


@pytest.mark.parametrize(
    ("amount", "code", "words"),
    [
        ("1250.5", "EUR", "1,250.50 EUR"),
        ("0.075", "EUR", "0.08 EUR"),
        ("0.070", "EUR", "0.07 EUR"),
        ("0.000001", "EUR", "0.01 EUR"),
        ("1250.5", "KWD", "1,250.500 KWD"),
        ("1249.7", "JPY", "1,250 JPY"),
        ("0", "JPY", "0 JPY"),
        ("1250.5", "", "1,250.50"),
    ],
)
def test_amounts_have_the_places_of_their_currency(amount: str, code: str, words: str) -> None:
    assert in_currency(Decimal(amount), code) == words


def test_every_code_has_the_form_of_the_standard() -> None:
    assert len(DECIMAL_PLACES) > 150
    assert all(len(code) == 3 and code.isascii() and code.isupper() for code in DECIMAL_PLACES)
