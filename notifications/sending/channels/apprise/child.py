"""`python -m notifications.sending.channels.apprise.child`: run Apprise once, in a process of its own.

Apprise waits between messages, follows redirects and checks no address. Here it is given one message
on standard input and one line to answer with; every connection that it makes passes the platform's
guard, or goes to the egress proxy and nowhere else; and whoever started the process ends it when it takes
too long.
"""

import json
import socket
import sys
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

_PORTS = {"http": 80, "https": 443}


class ConnectionRefused(OSError):
    """The guard does not allow this address."""


def guard_connections(guard: dict[str, Any], proxy: str) -> None:
    """Let this process connect only to addresses that the platform's guard allows, or to the proxy only.

    Args:
        guard: the platform's settings of outgoing connections.
        proxy: the address of the egress proxy, which decides in place of the guard; empty for none.
    """
    settings.configure(BELLRINGER=guard)
    from notifications.sending.outgoing.guard import may_connect

    connect = socket.socket.connect
    is_allowed = partial(_leads_to, proxy) if proxy else may_connect

    class GuardedSocket(socket.socket):
        """Looks at each address right before it is connected to."""

        def connect(self, address: Any) -> None:
            """Connect, unless the address is not allowed."""
            if not (isinstance(address, tuple) and is_allowed(str(address[0]), address[1])):
                raise ConnectionRefused("address not allowed")
            connect(self, address)

        def connect_ex(self, address: Any) -> int:
            """The same, for those who want no exception."""
            self.connect(address)
            return 0

    socket.socket = GuardedSocket  # type: ignore[misc]


def _leads_to(proxy: str, address: str, port: int) -> bool:
    """Return whether this is the proxy, wherever its name leads now."""
    url = urlsplit(proxy)
    if port != (url.port or _PORTS.get(url.scheme)):
        return False
    found = socket.getaddrinfo(url.hostname, port, type=socket.SOCK_STREAM)
    return address in {str(sockaddr[0]) for *_, sockaddr in found}


def notify(asked: dict[str, Any]) -> dict[str, Any]:
    """Send one message, or only check the URL; say how that went."""
    import apprise

    asset = apprise.AppriseAsset(http_redirects=False, secure_logging=True, async_mode=False)
    service = apprise.Apprise.instantiate(asked["url"], asset=asset, suppress_exceptions=True)
    if service is None:
        return {"ok": False, "problem": "Apprise cannot read this URL"}
    if asked.get("only_check"):
        return {"ok": True}
    # What the URL itself may have asked for otherwise.
    service.redirects = False
    service.verify_certificate = True
    service.request_rate_per_sec = 0
    service.socket_connect_timeout = asked["connect_timeout"]
    service.socket_read_timeout = asked["read_timeout"]
    sent = service.notify(body=asked["body"], title=asked["title"] or None, attach=None)
    return {"ok": bool(sent), "problem": "" if sent else "the service did not take it"}


def main() -> None:
    """Read one request, answer with one line of JSON."""
    asked = json.load(sys.stdin)
    answer_to, sys.stdout = sys.stdout, sys.stderr  # plugins that print must not spoil the answer
    guard_connections(asked["guard"], asked["proxy"])
    try:
        answer = notify(asked)
    except ImportError:
        answer = {"ok": False, "problem": "apprise is not installed", "missing": True}
    answer_to.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
