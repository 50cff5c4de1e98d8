"""Checks of the addresses of servers, by what will use them. None of them shows a part of an address."""

import math
import re
from urllib.parse import SplitResult, parse_qsl, urlsplit

import redis
from kombu.connection import Connection
from psycopg.pq import Conninfo
from pydantic import SecretStr

from scheduler_project.database import database_settings
from tasks_core.broker.redis_address import SOCKET, for_client, is_redis

BROKERS = frozenset({"redis", "rediss", SOCKET, "amqp", "amqps", "sqs"})
REDIS = frozenset({"redis", "rediss", "unix", SOCKET})
MAIL_SCHEMES = frozenset({"smtp", "smtp+starttls", "smtps", "console"})
LONGEST_SECONDS = 3600

_OF_DJANGO = frozenset(
    {
        "assume_role",
        "isolation_level",
        "pool",
        "prepare_threshold",
        "server_side_binding",
    }
)
"""What may stand among libpq's options of a database in Django."""

_TIMEOUTS = frozenset({"socket_timeout", "socket_connect_timeout", "timeout"})
_DATABASE = re.compile(r"[0-9]{1,5}")

_UNKNOWN = re.compile(r"unexpected keyword argument '(\w+)'|multiple values for .*'(\w+)'")


def database_url(value: SecretStr) -> SecretStr:
    """Require a PostgreSQL address that names a database, with options that libpq or Django knows."""
    url = value.get_secret_value()
    try:
        address = urlsplit(url)
        is_one = address.scheme in {"postgres", "postgresql"} and len(address.path) > 1
        settings = database_settings(url) if is_one else {}
    except ValueError:
        raise _no_address() from None
    if not is_one:
        raise ValueError("must be postgresql://USER:PASSWORD@HOST:5432/NAME")
    known = {option.keyword.decode() for option in Conninfo.get_defaults()} | _OF_DJANGO
    if unknown := sorted(set(settings["OPTIONS"]) - known):
        raise ValueError(f"has the option {unknown[0]}, which neither libpq nor Django knows")
    return value


def broker_url(value: SecretStr) -> SecretStr:
    """Require a kind of broker that the platform knows, in a form that Celery and the Redis client read."""
    if _split(value).scheme not in BROKERS:
        raise ValueError(
            "must be an address such as redis://:PASSWORD@HOST:6379/0; redis, rediss, redis+socket, amqp, "
            "amqps and sqs are possible"
        )
    url = value.get_secret_value()
    try:
        Connection(url)  # type: ignore[no-untyped-call]  # kombu has no types
    except ImportError:
        return value  # of a broker whose package is not installed Celery says so itself
    except TypeError as error:
        raise ValueError(_option(error, "Celery")) from None
    except (KeyError, ValueError):
        raise ValueError("has an option that Celery cannot read") from None
    if is_redis(url):
        _check_redis(url)
    return value


def redis_url(value: SecretStr) -> SecretStr:
    """Require an address of Redis or Valkey."""
    if _split(value).scheme not in REDIS:
        raise ValueError("must be redis://:PASSWORD@HOST:6379/0, or rediss:// with TLS")
    _check_redis(value.get_secret_value())
    return value


def email_url(value: SecretStr) -> SecretStr:
    """Require a mail server, or the console."""
    address = _split(value)
    if address.scheme not in MAIL_SCHEMES or (address.scheme != "console" and not address.hostname):
        raise ValueError(
            "must be smtp://HOST:PORT, smtp+starttls:// or smtps://USER:PASSWORD@HOST:PORT, "
            "or console:"
        )
    for name, given in parse_qsl(address.query, keep_blank_values=True):
        if name != "timeout":
            raise ValueError("has an option other than timeout")
        if not _is_bounded(given):
            raise ValueError(
                f"has a timeout that is no number of seconds above 0, up to {LONGEST_SECONDS}"
            )
    return value


def _check_redis(url: str) -> None:
    """Let the client read an address as it will, without connecting."""
    address = urlsplit(url)
    number = address.path.strip("/")
    if address.scheme in {"redis", "rediss"} and number and not _DATABASE.fullmatch(number):
        raise ValueError("must end with the number of a database, such as /0")
    if address.port == 0:
        raise ValueError("has port 0; there are those from 1 to 65535")
    for name, given in parse_qsl(address.query, keep_blank_values=True):
        if name in _TIMEOUTS and not _is_bounded(given):
            raise ValueError(
                f"has a {name} that is no number of seconds above 0, up to {LONGEST_SECONDS}"
            )
    if address.scheme == "redis" and "ssl_" in address.query:
        raise ValueError("has an option of TLS; write rediss:// to use it")
    try:
        redis.ConnectionPool.from_url(for_client(url)).make_connection()
    except TypeError as error:
        raise ValueError(_option(error, "the Redis client")) from None
    except (ValueError, redis.RedisError):
        raise ValueError("has an option that the Redis client cannot read") from None


def _option(error: TypeError, reader: str) -> str:
    found = _UNKNOWN.search(str(error))
    name = f"the option {found[1] or found[2]}" if found else "an option"
    return (
        f"has {name}, which {reader} does not take in an address; time-outs and the like have variables of "
        "their own (docs/settings.md)"
    )


def _is_bounded(text: str) -> bool:
    try:
        seconds = float(text)
    except ValueError:
        return False
    return math.isfinite(seconds) and 0 < seconds <= LONGEST_SECONDS


def _split(value: SecretStr) -> SplitResult:
    """Take an address apart. The standard library's messages would show parts of it."""
    try:
        address = urlsplit(value.get_secret_value())
        _ = address.port
    except ValueError:
        raise _no_address() from None
    return address


def _no_address() -> ValueError:
    return ValueError(
        "is no valid address; in a password, characters such as / and @ are written %2F and %40"
    )
