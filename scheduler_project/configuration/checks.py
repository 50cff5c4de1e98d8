"""Checks of single values. Their messages follow the name of the variable: `X must be ...`."""

import re
from urllib.parse import SplitResult, urlsplit

from cryptography.fernet import Fernet
from pydantic import SecretStr

SHORTEST_SECRET_KEY = 50
TOKEN = re.compile(r"[A-Za-z0-9._~+/-]{24,}=*")
BROKERS = frozenset({"redis", "rediss", "amqp", "amqps", "sqs"})
REDIS = frozenset({"redis", "rediss"})
MAIL_SCHEMES = frozenset({"smtp", "smtp+starttls", "smtps", "console"})


def secret_key(value: SecretStr) -> SecretStr:
    """Require enough characters to be unguessable."""
    if len(value.get_secret_value()) < SHORTEST_SECRET_KEY:
        raise ValueError(f"must have at least {SHORTEST_SECRET_KEY} characters")
    return value


def fernet_keys(values: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
    """Require valid keys, at least one."""
    if not values:
        raise ValueError("must hold at least one Fernet key")
    for number, value in enumerate(values, start=1):
        try:
            Fernet(value.get_secret_value())
        except ValueError:
            raise ValueError(
                f"must hold Fernet keys (44 characters, URL-safe base64); key {number} is none"
            ) from None
    return values


def origins(values: tuple[str, ...]) -> tuple[str, ...]:
    """Require scheme and host, as Django does."""
    for value in values:
        if "://" not in value:
            raise ValueError(f"must hold origins such as https://bell.example.com, not {value}")
    return values


def database_url(value: SecretStr) -> SecretStr:
    """Require a PostgreSQL address that names a database."""
    address = _split(value)
    if address.scheme not in {"postgres", "postgresql"} or len(address.path) < 2:
        raise ValueError("must be postgresql://USER:PASSWORD@HOST:5432/NAME")
    return value


def broker_url(value: SecretStr) -> SecretStr:
    """Require a kind of broker that the platform knows."""
    if _split(value).scheme not in BROKERS:
        raise ValueError(
            "must be an address such as redis://:PASSWORD@HOST:6379/0; redis, rediss, amqp, amqps "
            "and sqs are possible"
        )
    return value


def redis_url(value: SecretStr) -> SecretStr:
    """Require an address of Redis or Valkey."""
    if _split(value).scheme not in REDIS:
        raise ValueError("must be redis://:PASSWORD@HOST:6379/0, or rediss:// with TLS")
    return value


def email_url(value: SecretStr) -> SecretStr:
    """Require a mail server, or the console."""
    address = _split(value)
    if address.scheme not in MAIL_SCHEMES or (address.scheme != "console" and not address.hostname):
        raise ValueError(
            "must be smtp://HOST:PORT, smtp+starttls:// or smtps://USER:PASSWORD@HOST:PORT, "
            "or console:"
        )
    return value


def bearer_token(value: SecretStr) -> SecretStr:
    """Require what an Authorization header can carry and nobody can guess."""
    if not TOKEN.fullmatch(value.get_secret_value()):
        raise ValueError(
            "must have 24 or more characters, only letters, digits and . _ ~ + / -; "
            "`openssl rand -hex 32` makes one"
        )
    return value


def basic_auth(value: SecretStr) -> SecretStr:
    """Require a user and a password."""
    user, _, password = value.get_secret_value().partition(":")
    if not user or not password:
        raise ValueError("must be USER:PASSWORD")
    return value


def _split(value: SecretStr) -> SplitResult:
    """Take an address apart. The standard library's messages would show parts of it."""
    try:
        address = urlsplit(value.get_secret_value())
        _ = address.port
    except ValueError:
        raise ValueError(
            "is no valid address; in a password, characters such as / and @ are written %2F and %40"
        ) from None
    return address
