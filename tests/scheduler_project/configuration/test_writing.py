"""Values as a shell would not have left them, and addresses as their users read them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler_project import broker
from scheduler_project.configuration import load
from scheduler_project.configuration.written import mistakes_in_writing
from tests.scheduler_project.configuration.test_loading import refusal


@pytest.mark.parametrize(
    ("variable", "value", "complaint"),
    [
        ("BROKER_URL", '"redis://:hidden@h/0"', "BROKER_URL stands in quotes"),
        ("DEFAULT_FROM_EMAIL", "'news@example.com'", "DEFAULT_FROM_EMAIL stands in quotes"),
        ("BELLRINGER_PUBLIC_URL", "“https://a.example”", "BELLRINGER_PUBLIC_URL stands in quotes"),
        ("BELLRINGER_SANDBOX", "true # for now", "BELLRINGER_SANDBOX holds a comment"),
        ("EMAIL_URL", "# not yet", "EMAIL_URL holds a comment"),
        ("ALLOWED_HOSTS", "bell.example.com\r", "ALLOWED_HOSTS ends with a carriage return"),
        ("DEFAULT_FROM_EMAIL", "a@example.com\r\n", "DEFAULT_FROM_EMAIL ends with a carriage"),
        ("SECRET_KEY", "\ufeffhidden" + "x" * 60, "SECRET_KEY begins with a byte order mark"),
        ("BELLRINGER_KEY_PREFIX", "a\nb", "BELLRINGER_KEY_PREFIX holds a line break"),
        ("BELLRINGER_KEY_PREFIX", "a\x1bb", "BELLRINGER_KEY_PREFIX holds a line break"),
        ("\ufeffDEBUG", "true", "The name of DEBUG begins with a byte order mark"),
    ],
)
def test_what_does_not_belong_to_a_value_is_named(
    production: dict[str, str], variable: str, value: str, complaint: str
) -> None:
    text = refusal({**production, variable: value})
    assert complaint in text
    assert "hidden" not in text


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DEFAULT_FROM_EMAIL", '"Bank, Inc." <news@example.com>'),
        ("DEFAULT_FROM_EMAIL", "Bank #1 <news@example.com>"),
        ("DEFAULT_FROM_EMAIL", "Bücher <news@bücher.example>"),
        ("DEFAULT_FROM_EMAIL", " news@example.com \n"),
        ("BELLRINGER_NOTIFICATION_RETENTION", '{\n  "otp": {"row": 7}\n}\n'),
        ("ALLOWED_HOSTS", "bell.example.com, .example.org,localhost,[::1],10.0.0.1,web_1,*"),
        ("CSRF_TRUSTED_ORIGINS", "https://a.example,https://*.b.example:8443,http://[::1]:8000"),
        ("SECRET_KEY", "#" * 60),
        ("OTHER_APP", '"as it likes" # it'),
    ],
)
def test_what_belongs_to_a_value_is_taken(
    production: dict[str, str], variable: str, value: str
) -> None:
    load({**production, variable: value})


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:p@one:5432,two:5433/db",
        "postgresql://u:p@[fd00::1]:5432,[fd00::2]/db?target_session_attrs=any&sslmode=require",
        "postgresql:///db?host=/tmp&application_name=bell",
        "postgresql://h/db?isolation_level=2",
    ],
)
def test_databases_as_libpq_knows_them_are_taken(production: dict[str, str], url: str) -> None:
    load({**production, "DATABASE_URL": url})


@pytest.mark.parametrize("word", ["CERT_REQUIRED", "required"])
def test_certificates_are_checked_in_the_words_of_both_clients(
    production: dict[str, str], word: str
) -> None:
    url = f"rediss://:pw@h:6380/1?ssl_cert_reqs={word}&ssl_ca_certs=/etc/ca.pem"
    configuration = load({**production, "BROKER_URL": url})
    assert broker.broker_url(configuration) == url


def test_certificates_are_checked_unless_the_address_says_otherwise(
    production: dict[str, str],
) -> None:
    configuration = load({**production, "BROKER_URL": "rediss://:pw@h:6380/1"})
    assert broker.broker_url(configuration) == "rediss://:pw@h:6380/1?ssl_cert_reqs=required"
    without = "rediss://:pw@h:6380/1?ssl_cert_reqs=none"
    assert broker.broker_url(load({**production, "BROKER_URL": without})) == without


@given(st.text(max_size=30))
def test_any_value_is_judged(value: str) -> None:
    found = list(mistakes_in_writing({"X": value, "Y": "plain"}))
    assert [name for name, _ in found] in ([], ["X"])


def test_a_file_with_a_secret_is_read_as_strictly(
    production: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "key"
    file.write_text("\ufeff" + production.pop("SECRET_KEY"), encoding="utf-8")
    text = refusal({**production, "SECRET_KEY_FILE": str(file)})
    assert "SECRET_KEY begins with a byte order mark" in text
