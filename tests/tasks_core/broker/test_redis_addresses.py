"""One address for Celery and for the Redis client: both read the same."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kombu.connection import Connection

from scheduler_project.embedded.valkey import Valkey
from tasks_core.broker.redis_address import for_celery, for_client, is_redis, is_socket
from tasks_core.broker.redis_client import connect

PASSWORDS = st.text(min_size=1, max_size=20).map(lambda text: quote(text, safe=""))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://:pw@h:6379/0", "redis://:pw@h:6379/0"),
        ("rediss://h/1?ssl_cert_reqs=CERT_OPTIONAL", "rediss://h/1?ssl_cert_reqs=optional"),
        ("rediss://h/1?heartbeat=5&ssl_cert_reqs=none", "rediss://h/1?ssl_cert_reqs=none"),
        ("redis+socket:///run/v.sock", "unix:///run/v.sock"),
        ("redis+socket://:pw@/run/v.sock?virtual_host=/4", "unix://:pw@/run/v.sock?db=4"),
        ("redis://h/0?client_name=a%20b", "redis://h/0?client_name=a%20b"),
    ],
)
def test_an_address_for_celery_is_read_by_the_client(url: str, expected: str) -> None:
    assert for_client(url) == expected


@given(PASSWORDS, st.sampled_from(["redis", "rediss", "redis+socket"]), st.integers(0, 15))
def test_user_and_place_stay_as_they_are(password: str, scheme: str, number: int) -> None:
    url = f"{scheme}://user:{password}@h:6379/{number}?heartbeat=1&ssl_cert_reqs=CERT_NONE"
    found, given_url = urlsplit(for_client(url)), urlsplit(url)
    assert (found.netloc, found.path) == (given_url.netloc, given_url.path)
    assert is_redis(for_celery(url))


@pytest.fixture
def socket() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:  # names of sockets are short
        yield Path(folder) / "v"


@pytest.fixture
def through_socket(tmp_path: Path, socket: Path) -> Iterator[str]:
    server = Valkey(tmp_path, {"unixsocket": str(socket)})
    try:
        password = urlsplit(server.start()).password
        yield f"redis+socket://:{password}@{socket}?virtual_host=3"
    finally:
        server.stop()


def test_a_message_of_celery_lies_where_the_client_looks(through_socket: str) -> None:
    assert is_socket(through_socket)
    with (
        Connection(through_socket) as connection,  # type: ignore[no-untyped-call]  # kombu has no types
        connection.SimpleQueue("queue") as queue,
    ):
        queue.put("hello")
    with connect(through_socket) as client:
        assert client.llen("queue") == 1
