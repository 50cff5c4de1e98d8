"""Django's database settings from DATABASE_URL."""

from typing import Any

import dj_database_url

# Without these, a server that vanishes (failover, a firewall that forgot the connection) is noticed
# only after hours. Seconds, but for tcp_user_timeout, which is in milliseconds.
DEAD_CONNECTION_OPTIONS = {
    "connect_timeout": 10,
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
}


def database_settings(url: str) -> dict[str, Any]:
    """Return Django's settings for one database. Options in the URL's query are for libpq."""
    settings: dict[str, Any] = dict(
        dj_database_url.parse(url, conn_max_age=None, conn_health_checks=True)
    )
    settings["OPTIONS"] = {**DEAD_CONNECTION_OPTIONS, **settings.get("OPTIONS", {})}
    return settings
