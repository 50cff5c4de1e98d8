"""Guarantee 3 (f): limits per receiver, requester and country, and a cap on what is spent."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connections, transaction
from pytest_django import Settings

from notifications.api import Message, notify, notify_many, publish_template, send_test
from notifications.exceptions import LimitExceeded
from notifications.limits.clean_up import clean_up
from notifications.limits.prices import price_of
from notifications.limits.rate import Rate, rates
from notifications.models import LimitCounter, Notification
from tasks_core import clock
from tasks_core.models import Task

pytestmark = pytest.mark.guarantee(n=3)

NOW = datetime(2026, 7, 1, 12, 3, 20, tzinfo=UTC)
GERMAN, AMERICAN = "+4915112345678", "+14155552671"


@pytest.fixture
def limits(settings: Settings) -> Callable[..., None]:
    """Give a function that sets limits; all others are off."""
    names = ("OTP_RECIPIENT_LIMITS", "OTP_REQUESTER_LIMITS", "SMS_SPEND_LIMITS")
    off: dict[str, list[str]] = {name: [] for name in names}

    def use(**given: object) -> None:
        settings.BELLRINGER = {**settings.BELLRINGER, **off, **given}

    return use


@pytest.fixture
def templates(db: None) -> None:
    publish_template("code", subject="Your code", text="{{ code }}")
    publish_template("code", channel="sms", text="{{ code }}")
    publish_template("news", channel="sms", text="{{ text }}")


def code(to: str = "ada@example.com", **options: Any) -> Notification:
    return notify(
        "code",
        to=to,
        secret_context={"code": "918273"},
        category="otp",
        expires_at=clock.now() + timedelta(minutes=5),
        **options,
    )


def news(to: str = GERMAN, text: str = "hello") -> Notification:
    return notify("news", to=to, context={"text": text})


@pytest.mark.django_db
@pytest.mark.usefixtures("templates")
class TestLimits:
    @pytest.mark.parametrize(
        ("channel", "spellings"),
        [
            (
                "email",
                [
                    "ada@example.com",
                    "Ada@example.com",
                    "ADA@EXAMPLE.COM",
                    '"ada"@example.com',
                    '"a\\dA"@Example.com',
                ],
            ),
            ("email", ["ada@bücher.example", "Ada@BÜCHER.example", "ada@xn--bcher-kva.example"]),
            ("sms", [GERMAN, "+49 151 12345678", "+49 (151) 1234-5678", "+49151/12345678"]),
            ("telegram", ["@Bank_News", "@bank_news"]),
            ("telegram", ["123456", "00123456"]),
        ],
    )
    def test_a_receiver_counts_once_however_the_address_is_written(
        self, limits: Callable[..., None], channel: str, spellings: list[str]
    ) -> None:
        publish_template("code", channel="telegram", text="{{ code }}")
        limits(OTP_RECIPIENT_LIMITS=["1/10m"])
        with clock.frozen(NOW):
            code(spellings[0], channel=channel)
            for spelling in spellings:
                with pytest.raises(LimitExceeded):
                    code(spelling, channel=channel)
        assert Notification.objects.count() == 1

    def test_one_address_gets_so_many_codes_in_a_window(self, limits: Callable[..., None]) -> None:
        limits(OTP_RECIPIENT_LIMITS=["2/10m"])
        with clock.frozen(NOW):
            code(), code()
            with pytest.raises(LimitExceeded) as refused:
                code()
            assert refused.value.limit == "otp_recipient"
            assert refused.value.ends_at == datetime(2026, 7, 1, 12, 10, tzinfo=UTC)
            assert "2026-07-01 12:10:00 UTC" in str(refused.value)
            assert "ada" not in str(refused.value)
            code("eve@example.com")
        assert Notification.objects.count() == 3
        assert Task.objects.count() == 3
        with clock.frozen(NOW + timedelta(minutes=7)):
            code()

    def test_of_several_windows_the_longest_is_named(self, limits: Callable[..., None]) -> None:
        limits(OTP_RECIPIENT_LIMITS=["1/10m", "1/1d"])
        with clock.frozen(NOW):
            code()
            with pytest.raises(LimitExceeded) as refused:
                code()
        assert refused.value.ends_at == datetime(2026, 7, 2, tzinfo=UTC)

    def test_one_requester_gets_so_many_codes_for_whomever(
        self, limits: Callable[..., None]
    ) -> None:
        limits(OTP_REQUESTER_LIMITS=["2/1h"])
        code("a@example.com", requester="203.0.113.9")
        code("b@example.com", requester="203.0.113.9")
        with pytest.raises(LimitExceeded, match="otp_requester"):
            code("c@example.com", requester="203.0.113.9")
        code("c@example.com", requester="203.0.113.10")
        code("c@example.com")

    def test_one_country_gets_so_many_sms(self, limits: Callable[..., None]) -> None:
        limits(SMS_COUNTRY_LIMITS=["DE=2/1h", "*=1/1h"])
        news(), news()
        with pytest.raises(LimitExceeded, match="sms_country"):
            news()
        news(AMERICAN)
        with pytest.raises(LimitExceeded, match="sms_country"):
            code(AMERICAN)
        code()

    def test_spending_is_capped_and_counts_each_segment(self, limits: Callable[..., None]) -> None:
        limits(SMS_PRICES=["DE=0.075", "*=0.5"], SMS_SPEND_LIMITS=["1.00/1d"])
        news(AMERICAN)
        news(text="x" * 300)
        news(text="x" * 300)
        [counter] = LimitCounter.objects.all()
        assert counter.used == 800_000
        with pytest.raises(LimitExceeded, match="sms_spend"):
            news(text="x" * 400)
        news(text="x" * 300)
        counter.refresh_from_db()
        assert counter.used == 950_000

    def test_what_is_spent_on_tests_counts(self, limits: Callable[..., None]) -> None:
        limits(SMS_PRICES=["*=0.5"], SMS_SPEND_LIMITS=["1.00/1d"])
        publish_template("try", channel="sms", text="hello", sample={})
        for _ in range(2):
            send_test("try", to=GERMAN, channel="sms")
        with pytest.raises(LimitExceeded, match="sms_spend"):
            send_test("try", to=GERMAN, channel="sms")

    def test_spending_is_capped_where_nobody_set_a_limit(self, settings: Settings) -> None:
        news()
        [counter] = LimitCounter.objects.all()
        assert (counter.name, counter.used, counter.most) == ("sms_spend", 100_000, 100_000_000)
        assert counter.seconds == 86_400
        counter.used = counter.most - 50_000
        counter.save()
        with pytest.raises(LimitExceeded, match="sms_spend"):
            news(AMERICAN)
        settings.BELLRINGER = {**settings.BELLRINGER, "SMS_SPEND_LIMITS": []}
        news(AMERICAN)

    def test_a_country_without_a_price_costs_what_the_dearest_does(
        self, limits: Callable[..., None]
    ) -> None:
        limits(SMS_PRICES=["DE=0.075", "AT=0.5"], SMS_SPEND_LIMITS=["1.00/1d"])
        news(AMERICAN)
        assert LimitCounter.objects.get().used == 500_000

    def test_an_amount_above_the_limit_is_refused_even_first(
        self, limits: Callable[..., None]
    ) -> None:
        limits(SMS_PRICES=["*=2"], SMS_SPEND_LIMITS=["1.00/1d"])
        with pytest.raises(LimitExceeded):
            news()
        assert not LimitCounter.objects.exists()

    def test_a_refused_one_uses_nothing_up(self, limits: Callable[..., None]) -> None:
        limits(OTP_RECIPIENT_LIMITS=["1/1h"], OTP_REQUESTER_LIMITS=["9/1h"])
        code(requester="r")
        with pytest.raises(LimitExceeded):
            code(requester="r")
        used = dict(LimitCounter.objects.values_list("name", "used"))
        assert used == {"otp_recipient": 1, "otp_requester": 1}

    def test_many_at_once_are_stored_all_or_none(self, limits: Callable[..., None]) -> None:
        limits(SMS_COUNTRY_LIMITS=["*=3/1h"])
        messages = [Message(to=GERMAN, context={"text": "x"}) for _ in range(4)]
        with pytest.raises(LimitExceeded):
            notify_many("news", messages)
        assert not Notification.objects.exists()
        assert len(notify_many("news", messages[:3])) == 3

    def test_what_is_rolled_back_is_given_back(self, limits: Callable[..., None]) -> None:
        limits(OTP_RECIPIENT_LIMITS=["1/1h"])
        with transaction.atomic():
            code()
            transaction.set_rollback(True)
        code()

    def test_the_same_key_again_counts_once(self, limits: Callable[..., None]) -> None:
        limits(OTP_RECIPIENT_LIMITS=["1/1h"])
        expires_at = clock.now() + timedelta(minutes=5)
        options: dict[str, Any] = {
            "to": "ada@example.com", "secret_context": {"code": "1"}, "category": "otp",
            "expires_at": expires_at, "idempotency_key": "k",
        }  # fmt: skip
        assert notify("code", **options).pk == notify("code", **options).pk

    def test_the_counters_tell_no_address_and_no_requester(
        self, limits: Callable[..., None]
    ) -> None:
        limits(OTP_RECIPIENT_LIMITS=["5/1h"], OTP_REQUESTER_LIMITS=["5/1h"])
        code(requester="203.0.113.9")
        shown = repr(list(LimitCounter.objects.values()))
        assert "ada@" not in shown  # three letters alone may be in a hash
        assert "203.0.113.9" not in shown

    def test_ended_windows_are_removed(self, limits: Callable[..., None]) -> None:
        limits(OTP_RECIPIENT_LIMITS=["5/1m", "5/1d"])
        with clock.frozen(NOW):
            code()
        with clock.frozen(NOW + timedelta(minutes=2)):
            assert clean_up() == 1
            assert clean_up() == 0
        assert LimitCounter.objects.get().seconds == 86_400


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("templates")
def test_of_fifty_callers_at_once_exactly_as_many_as_allowed_get_through(
    limits: Callable[..., None],
) -> None:
    limits(OTP_RECIPIENT_LIMITS=["7/1d"], SMS_COUNTRY_LIMITS=["*=100/1d"])
    start = threading.Barrier(10)

    def call(number: int) -> bool:
        try:
            if number < 10:
                start.wait(20)
            code(GERMAN)
        except LimitExceeded:
            return False
        finally:
            connections.close_all()
        return True

    with ThreadPoolExecutor(10) as pool:
        through = sum(pool.map(call, range(50)))
    assert through == 7
    assert Notification.objects.count() == 7
    used = dict(LimitCounter.objects.values_list("name", "used"))
    assert used == {"otp_recipient": 7, "sms_country": 7}


@pytest.mark.parametrize(
    "entry", ["5", "5/", "/10m", "5/10y", "de=5/1h", "5/0m", "-1/1h", "5/400d"]
)
def test_a_limit_that_cannot_be_understood_is_named(entry: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"OTP_RECIPIENT_LIMITS.*such as 5/10m"):
        rates("OTP_RECIPIENT_LIMITS", [entry])


@pytest.mark.parametrize("entry", ["DE", "DE=", "de=0.1", "DE=0,1", "*=x"])
def test_a_price_that_cannot_be_understood_is_named(entry: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="SMS_PRICES"):
        price_of("DE", [entry])


def test_windows_follow_one_another_without_a_gap() -> None:
    rate = Rate(most=rates("X", ["1/7m"])[0].most, seconds=420)
    start, end = rate.window(NOW)
    assert start <= NOW < end
    assert rate.window(end) == (end, end + timedelta(minutes=7))
    assert rate.window(end - timedelta(microseconds=1)) == (start, end)
