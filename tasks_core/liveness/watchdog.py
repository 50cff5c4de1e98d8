"""systemd's watchdog: a unit with WatchdogSec= is restarted when it has not heard of us for so long."""

import contextlib
import os
import socket

SOCKET = "NOTIFY_SOCKET"
ASKED = "WATCHDOG_USEC"


def tell_systemd() -> None:
    """Say that this process does its work, if its unit asks for that (see sd_notify(3))."""
    address = os.environ.get(SOCKET, "")
    if not address or not os.environ.get(ASKED):
        return
    if address.startswith("@"):  # Linux' abstract names
        address = f"\0{address[1:]}"
    with (
        contextlib.suppress(OSError),  # nobody listens: then nobody waits for it either
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as connection,
    ):
        connection.setblocking(False)
        connection.sendto(b"WATCHDOG=1", address)
