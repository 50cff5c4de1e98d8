"""Django's database settings from DATABASE_URL."""

from typing import Any
from urllib.parse import unquote, urlsplit

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


# After a failover a name may still lead to what is a standby now. It is refused when connecting,
# or passed over if DATABASE_URL names several servers.
WRITING_OPTIONS = {"target_session_attrs": "read-write"}


def database_settings(url: str) -> dict[str, Any]:
    """Return Django's settings for one database. Options in the URL's query are for libpq.

    Of several servers (HOST1:5432,HOST2:5432) the first one that takes writes is used.
    """
    address = urlsplit(url)
    user, at, servers = address.netloc.rpartition("@")
    one, *others = servers.split(",")
    settings: dict[str, Any] = dict(
        dj_database_url.parse(
            address._replace(netloc=user + at + one).geturl(),
            conn_max_age=None,
            conn_health_checks=True,
        )
    )
    if others:
        found = [urlsplit(f"//{server}") for server in (one, *others)]
        settings["HOST"] = ",".join(unquote(server.hostname or "") for server in found)
        settings["PORT"] = ",".join(str(server.port or 5432) for server in found)
    defaults = {**DEAD_CONNECTION_OPTIONS, **WRITING_OPTIONS}
    settings["OPTIONS"] = {**defaults, **settings.get("OPTIONS", {})}
    return settings
