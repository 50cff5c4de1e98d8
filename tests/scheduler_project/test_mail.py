"""One address gives all of Django's mail settings."""

import pytest

from scheduler_project.mail import mail_settings


@pytest.mark.parametrize(
    ("url", "port", "tls", "ssl"),
    [
        ("smtp://mail.example.com", 25, False, False),
        ("smtp+starttls://mail.example.com", 587, True, False),
        ("smtps://mail.example.com", 465, False, True),
        ("smtp://mail.example.com:2525", 2525, False, False),
    ],
)
def test_scheme_chooses_encryption_and_port(url: str, port: int, tls: bool, ssl: bool) -> None:
    settings = mail_settings(url)
    assert settings["EMAIL_HOST"] == "mail.example.com"
    assert (settings["EMAIL_PORT"], settings["EMAIL_USE_TLS"], settings["EMAIL_USE_SSL"]) == (
        port,
        tls,
        ssl,
    )


def test_credentials_are_decoded_and_time_out_is_never_missing() -> None:
    settings = mail_settings("smtps://a%40b:p%2Fw@mail.example.com")
    assert (settings["EMAIL_HOST_USER"], settings["EMAIL_HOST_PASSWORD"]) == ("a@b", "p/w")
    assert settings["EMAIL_TIMEOUT"] == 10
    assert mail_settings("smtp://h?timeout=3")["EMAIL_TIMEOUT"] == 3


def test_console_needs_no_server() -> None:
    assert mail_settings("console:") == {
        "EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"
    }
