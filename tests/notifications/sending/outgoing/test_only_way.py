"""Guarantee 5: every outgoing HTTP connection of the platform passes the one guard."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.guarantee(n=5)

ROOT = Path(__file__).resolve().parents[4]
CLIENTS = {
    "aiodns",
    "aiohappyeyeballs",
    "aiohttp",
    "http.client",
    "httptools",
    "httpx",
    "pycares",
    "pycurl",
    "requests",
    "urllib.request",
    "urllib3",
}
CONNECTING = {"create_connection", "open_connection", "sock_connect", "start_connection"}
GUARDED = ROOT / "notifications" / "sending" / "outgoing"


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)


def clients_of(path: Path) -> set[str]:
    return {
        client
        for name in imported(path)
        for client in CLIENTS
        if name == client or name.startswith(client + ".")
    }


def makes_connections(path: Path) -> bool:
    return any(
        isinstance(node, ast.Attribute) and node.attr in CONNECTING
        for node in ast.walk(ast.parse(path.read_text()))
    )


def test_only_the_guarded_client_can_make_requests() -> None:
    files = [path for app in ("notifications", "tasks_core") for path in (ROOT / app).rglob("*.py")]
    users = {path for path in files if clients_of(path) or makes_connections(path)}
    assert users, "the guarded client itself must be among them"
    assert {path for path in users if path.parent != GUARDED} == set()
