"""Checks of single values. Their messages follow the name of the variable: `X must be ...`."""

import re
from email.policy import SMTP
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from pydantic import SecretStr

from notifications.rules.domains import ascii_domain

SHORTEST_SECRET_KEY = 50
HOST = re.compile(r"\*|\.?[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?\.?|\[[0-9a-f:.]+\]", re.IGNORECASE)
TOKEN = re.compile(r"[A-Za-z0-9._~+/-]{24,}=*")


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


def hosts(values: tuple[str, ...]) -> tuple[str, ...]:
    """Require names as browsers send them: without scheme, port and path, and international ones in ASCII."""
    for value in values:
        if not HOST.fullmatch(value):
            raise ValueError(
                f"must hold host names such as bell.example.com, not {value}{_in_ascii(value)}"
            )
    return values


def origins(values: tuple[str, ...]) -> tuple[str, ...]:
    """Require scheme and host, and nothing behind them, as browsers send them."""
    for value in values:
        scheme, _, rest = value.partition("://")
        host = rest.removeprefix("*.")
        try:
            parsed = urlsplit(f"https://{host}")
            _ = parsed.port
            is_one = bool(scheme) and parsed.netloc == host and bool(HOST.fullmatch(_name(host)))
        except ValueError:
            is_one = False
        if not is_one:
            raise ValueError(
                f"must hold origins such as https://bell.example.com, not {value}{_in_ascii(host)}"
            )
    return values


def sender(value: str) -> str:
    """Require one mail address, with a name or without, as the mailer reads it."""
    try:
        header = SMTP.header_factory("From", value)
        found, defects = header.addresses, header.defects
    # The standard library's parser raises whatever it stumbles over.
    except Exception:  # noqa: BLE001
        found, defects = (), ()
    if defects or len(found) != 1 or not (found[0].username and found[0].domain):
        raise ValueError(
            'must be one mail address, such as "Bank, Inc." <news@example.com>; a name with a comma, '
            "brackets or the like stands in quotes"
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


def _name(host: str) -> str:
    return re.sub(r":[0-9]+\Z", "", host)


def _in_ascii(host: str) -> str:
    """Offer an international name as browsers send it."""
    if host.isascii():
        return ""
    try:
        return f"; browsers write {ascii_domain(_name(host))}"
    except UnicodeError:
        return ""
