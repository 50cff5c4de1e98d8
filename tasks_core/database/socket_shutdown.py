"""End another thread's wait for the database."""

import contextlib
import os
import socket
from typing import Any

import psycopg


def cut(driver: psycopg.Connection[Any] | None) -> None:
    """Close the network connection under ``driver``; the thread that waits on it gets an error.

    A firewall or a proxy may keep a connection open on which nothing arrives any more: no time limit of the
    database's own ends the wait then. To close the connection itself is for its own thread alone.
    """
    if driver is None:
        return  # still connecting, which has a time limit
    with (
        contextlib.suppress(OSError, psycopg.Error),
        socket.socket(fileno=os.dup(driver.fileno())) as ours,
    ):
        ours.shutdown(socket.SHUT_RDWR)
