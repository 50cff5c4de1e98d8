"""Which names of fields make their value a secret."""

import pytest

from tasks_core.engine.redaction import Redactor

SECRET = (
    "password", "PASSWORD", "Password", "pass-word", "pass_word", "user.passwd", "dbPassword", "userPIN",
    "apiKey", "api-key", "API_KEY", "x-api-key", "X-Api-Key", "accessToken", "refresh_token", "token",
    "clientSecret", "$sealed", "authorization", "Proxy-Authorization", "Set-Cookie", "dsn", "SENTRY_DSN",
    "otp", "OTPCode", "otp_code", "code", "smsCode", "verification_code", "one_time_code", "pwd", "cvv",
    "private_key", "encryption keys", "sessionid", "csrftoken", "jwt", "signature", "credentials", "mfa",
    "pаsswоrd",  # noqa: RUF001 Cyrillic letters
    "раsswоrd",  # noqa: RUF001
    "ｐａｓｓｗｏｒｄ",  # noqa: RUF001 full-width letters
    "ΤΟΚΕΝ",  # noqa: RUF001 Greek letters
    "pass\u200bword", "pässword", "passw0rd", "s3cret", "x" * 1_000 + "_password",
    "password_" + "x" * 1_000,
)  # fmt: skip
PLAIN = (
    "task_id", "task_type", "attempt", "correlation_id", "worker", "event", "logger", "level", "status",
    "status_code", "exit_code", "errorCode", "countryCode", "compass", "passed", "author", "authority",
    "spin", "opinion", "coded", "barcode", "max_tokens", "tokenCount", "idempotency_key", "key", "", "_",
)  # fmt: skip


@pytest.mark.parametrize("name", SECRET)
def test_name_of_a_secret_is_known_however_it_is_spelt(name: str) -> None:
    assert Redactor().is_secret(name)


@pytest.mark.parametrize("name", PLAIN)
def test_other_names_are_left_alone(name: str) -> None:
    assert not Redactor().is_secret(name)


def test_words_can_be_added() -> None:
    redactor = Redactor(words=["customer-number", ""])

    assert redactor.is_secret("customerNumber")
    assert redactor.is_secret("old_customer_number")
    assert redactor.is_secret("password")
    assert not redactor.is_secret("number")
