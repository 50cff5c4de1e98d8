"""Environment variables become a configuration, or refusals that help."""

from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

from scheduler_project.configuration import load
from scheduler_project.configuration.loading import REQUIRED


def refusal(environment: dict[str, str]) -> str:
    with pytest.raises(ImproperlyConfigured) as caught:
        load(environment)
    return str(caught.value)


def test_least_production_environment_is_accepted_with_safe_defaults(
    production: dict[str, str],
) -> None:
    configuration = load(production)
    assert not configuration.debug
    assert configuration.ssl_redirect
    assert not configuration.trust_proxy
    assert configuration.redis_socket_timeout == 10
    assert configuration.allowed_hosts == ("bell.example.com",)


@pytest.mark.parametrize("variable", sorted(REQUIRED))
@pytest.mark.parametrize("value", [None, "", "  "])
def test_production_refuses_to_start_without(
    production: dict[str, str], variable: str, value: str | None
) -> None:
    del production[variable]
    if value is not None:
        production[variable] = value
    assert f"{variable} is not set. Set it to {REQUIRED[variable]}." in refusal(production)


@pytest.mark.parametrize(
    ("variable", "value", "complaint"),
    [
        ("DEBUG", "perhaps", "DEBUG must be true or false."),
        ("SECRET_KEY", "short-secret", "SECRET_KEY must have at least 50 characters."),
        ("DATABASE_URL", "mysql://u:hidden@h/db", "DATABASE_URL must be postgresql://"),
        ("DATABASE_URL", "postgresql://u:hidden@h", "DATABASE_URL must be postgresql://"),
        ("DATABASE_URL", "postgresql://u:hid/den@h/db", "DATABASE_URL is no valid address"),
        ("BROKER_URL", "kafka://:hidden@h", "BROKER_URL must be an address such as redis://"),
        ("BELLRINGER_REDIS_URL", "amqp://u:hidden@h", "BELLRINGER_REDIS_URL must be redis://"),
        ("ENCRYPTION_KEYS", "hidden", "ENCRYPTION_KEYS must hold Fernet keys"),
        ("ENCRYPTION_KEYS", ",", "ENCRYPTION_KEYS must hold at least one Fernet key."),
        ("EMAIL_URL", "mail.example.com", "EMAIL_URL must be smtp://"),
        ("FLOWER_BASIC_AUTH", "hidden", "FLOWER_BASIC_AUTH must be USER:PASSWORD."),
        ("HEALTH_TOKEN", "hidden", "HEALTH_TOKEN must have 24 or more characters"),
        ("CSRF_TRUSTED_ORIGINS", "a.example", "CSRF_TRUSTED_ORIGINS must hold origins"),
        ("BELLRINGER_REDIS_SOCKET_TIMEOUT", "0", "must be more than 0"),
        ("BELLRINGER_REDIS_SOCKET_TIMEOUT", "soon", "must be a number"),
        ("BELLRINGER_VISIBILITY_TIMEOUT", "1", "must be 60 or more"),
        ("BELLRINGER_LOG_LEVEL", "LOUD", "must be one of 'DEBUG', 'INFO'"),
        ("ALLOWED_HOSTS", "https://bell.example.com", "must hold host names"),
        ("ALLOWED_HOSTS", "bell.example.com:443", "must hold host names"),
        ("ALLOWED_HOSTS", "bell.example.com/x", "must hold host names"),
        ("ALLOWED_HOSTS", "faß.de", "browsers write xn--fa-hia.de"),
        ("CSRF_TRUSTED_ORIGINS", "https://a.example/", "must hold origins"),
        ("CSRF_TRUSTED_ORIGINS", "https://u@a.example", "must hold origins"),
        ("CSRF_TRUSTED_ORIGINS", "https://faß.de", "browsers write xn--fa-hia.de"),
        ("DEFAULT_FROM_EMAIL", "Bank, Inc. <news@example.com>", "must be one mail address"),
        ("DEFAULT_FROM_EMAIL", "[Bank] <news@example.com>", "must be one mail address"),
        ("DEFAULT_FROM_EMAIL", "news@example.com, b@example.com", "must be one mail address"),
        ("DEFAULT_FROM_EMAIL", "Bank", "must be one mail address"),
        ("DEFAULT_FROM_EMAIL", "news@", "must be one mail address"),
        ("DEFAULT_FROM_EMAIL", "Bank <news@example.com> #prod", "must be one mail address"),
        ("BELLRINGER_REDIS_SOCKET_TIMEOUT", "inf", "must be"),
        ("BELLRINGER_REDIS_SOCKET_TIMEOUT", "nan", "must be"),
        ("BELLRINGER_REDIS_CONNECT_TIMEOUT", "1e9", "must be 3,600 or less"),
        ("BELLRINGER_HSTS_SECONDS", "99999999999", "must be 2,147,483,647 or less"),
        ("EMAIL_URL", "smtp://h?timeout=soon", "has a timeout that is no number of seconds"),
        ("EMAIL_URL", "smtp://h?timeout=inf", "has a timeout that is no number of seconds"),
        ("EMAIL_URL", "smtp://h?timeout=0", "has a timeout that is no number of seconds"),
        (
            "BELLRINGER_REDIS_URL",
            "redis://h/0?socket_timeout=nan",
            "has a socket_timeout that is no",
        ),
        (
            "BELLRINGER_REDIS_URL",
            "redis://h/0?socket_timeout=-1",
            "has a socket_timeout that is no",
        ),
        (
            "BELLRINGER_REDIS_URL",
            "redis://h/0?socket_connect_timeout=0",
            "has a socket_connect_time",
        ),
        ("BELLRINGER_REDIS_URL", "redis://h/99999999999", "must end with the number of a database"),
        ("BELLRINGER_REDIS_URL", "redis://h/\u0663", "must end with the number of a database"),
        ("BELLRINGER_REDIS_URL", "redis://h:0/1", "has port 0"),
        ("EMAIL_URL", "smtp://h?tls=1", "has an option other than timeout"),
        (
            "DATABASE_URL",
            "postgresql://h/db?sslmod=require",
            "has the option sslmod, which neither",
        ),
        ("DATABASE_URL", "postgresql://u:hidden@a:x,b/db", "is no valid address"),
        (
            "BROKER_URL",
            "redis://h/0?socket_timeout=5",
            "has the option socket_timeout, which Celery",
        ),
        ("BROKER_URL", "redis://h/0?virtual_host=1", "has the option virtual_host, which Celery"),
        ("BROKER_URL", "rediss://h/0?ssl_cert_reqs=maybe", "has an option that Celery cannot read"),
        ("BROKER_URL", "redis://h/0?ssl_cert_reqs=required", "write rediss:// to use it"),
        ("BROKER_URL", "redis://h/first", "must end with the number of a database"),
        ("BELLRINGER_REDIS_URL", "redis://h/0?bogus=5", "has the option bogus, which the Redis"),
    ],
)
def test_bad_value_is_refused_by_name_and_never_shown(
    production: dict[str, str], variable: str, value: str, complaint: str
) -> None:
    text = refusal({**production, variable: value})
    assert complaint in text
    assert variable in text
    assert "hidden" not in text
    assert "hid/den" not in text


def test_all_mistakes_are_told_at_once(production: dict[str, str]) -> None:
    del production["SECRET_KEY"]
    lines = refusal({**production, "EMAIL_URL": "x", "DEBUG": "false"}).splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["SECRET_KEY", "EMAIL_URL"]


def test_no_secret_is_in_the_text_form_of_the_configuration(production: dict[str, str]) -> None:
    shown = repr(load(production))
    for variable in ("SECRET_KEY", "ENCRYPTION_KEYS", "DATABASE_URL", "BROKER_URL"):
        assert production[variable] not in shown


def test_development_generates_secrets_once_and_keeps_them_private(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BELLRINGER_DATA_DIR", str(tmp_path))
    servers = {"DEBUG": "true", "DATABASE_URL": "postgresql:///x", "BROKER_URL": "redis://h/0"}
    first, second = load(servers), load(servers)
    assert first.secret_key == second.secret_key
    assert first.encryption_keys == second.encryption_keys
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
    assert modes == dict.fromkeys(["secret-key", "encryption-key", "operator-password"], 0o600)


def test_given_value_wins_over_the_development_default() -> None:
    key = Fernet.generate_key().decode()
    servers = {"DATABASE_URL": "postgresql:///x", "BROKER_URL": "redis://h/0"}
    configuration = load({"DEBUG": "true", "ENCRYPTION_KEYS": key, **servers})
    assert [k.get_secret_value() for k in configuration.encryption_keys] == [key]


def test_several_encryption_keys_keep_their_order(production: dict[str, str]) -> None:
    keys = [Fernet.generate_key().decode() for _ in range(3)]
    configuration = load({**production, "ENCRYPTION_KEYS": ", ".join(keys)})
    assert [k.get_secret_value() for k in configuration.encryption_keys] == keys
