"""Which hosts may get what an environment variable holds.

Whoever may edit a trigger chooses where it calls. What the variables hold was entrusted to some hosts by
whoever runs the workers, and goes to those only.
"""

import os
import re
from collections.abc import Sequence
from functools import lru_cache

from django.core.exceptions import ImproperlyConfigured

from notifications import conf
from notifications.sending.outgoing.guard import InvalidUrl, check_url
from notifications.triggers.environment import NotBound

_ENTRY = re.compile(
    r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)=(?P<host>(\*\.)?[^\s*/?#@:=,]+|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*)"
)


def check_bound(names: Sequence[str], url: str, *, shows_host: bool) -> None:
    """Let variables go to a URL only if each is bound to its host.

    One that holds the URL of that host, or its name, tells it nothing new. A variable that is not set here is
    judged where it is.

    Args:
        names: of the variables.
        url: where they would go.
        shows_host: whether the error may name its host, because no part of that came from a variable.

    Raises:
        NotBound: names the variable, and the hosts that it is bound to.
        InvalidUrl: nothing can be sent there.
    """
    if not names:
        return
    host = check_url(url).host
    for name in names:
        value = os.environ.get(name)
        if value is not None and host not in (value.lower(), _host_of(value)):
            _check(name, host, shows_host=shows_host)


def bindings(entries: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Read ``TRIGGER_ENV_HOSTS``: the hosts of each variable.

    Raises:
        ImproperlyConfigured: an entry binds nothing.
    """
    return _read(tuple(entries))


@lru_cache(maxsize=8)
def _read(entries: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for entry in entries:
        parts = _ENTRY.fullmatch(entry.strip())
        if parts is None:
            raise ImproperlyConfigured(
                f"BELLRINGER['TRIGGER_ENV_HOSTS']: {entry!r} binds nothing; write a variable and a host, "
                "such as HOOK_TOKEN=api.example.com or HOOK_TOKEN=*.example.com"
            )
        found[parts["name"]] = (*found.get(parts["name"], ()), parts["host"].lower())
    return found


def _check(name: str, host: str, *, shows_host: bool) -> None:
    bound = bindings(tuple(conf.current().trigger_env_hosts)).get(name, ())
    if not any(_covers(pattern, host) for pattern in bound):
        listed = ", ".join(bound) or "none"
        where, entry = (host, host) if shows_host else ("where this leads", "HOST")
        raise NotBound(
            f"{name} may not be sent to {where}; the hosts it is bound to: {listed}. "
            f"If that one may have it, add {name}={entry} to BELLRINGER_TRIGGER_ENV_HOSTS"
        )


def _covers(pattern: str, host: str) -> bool:
    return host == pattern or (pattern.startswith("*.") and host.endswith(pattern[1:]))


def _host_of(value: str) -> str | None:
    try:
        return check_url(value).host
    except InvalidUrl:
        return None
