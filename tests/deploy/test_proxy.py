"""The proxy starts without the web processes, and follows them to whatever address they have by now."""

import http.server
import shutil
import ssl
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scheduler_project.data_folder import CHECKOUT
from scheduler_project.embedded.ports import free_port
from tests.notifications.triggers.test_delivery_failures import self_signed
from tests.support.name_server import running_name_server

CONFIGURATION = CHECKOUT / "deploy" / "proxy" / "nginx.conf"
SECONDS_TO_FOLLOW = 15

pytestmark = pytest.mark.skipif(shutil.which("nginx") is None, reason="needs nginx")


@contextmanager
def web_process(address: str, port: int) -> Iterator[None]:
    """Answer every request with the address that it came to, and its path."""

    class Answering(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(f"{address} {self.path}".encode())

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer((address, port), Answering) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def proxy(folder: Path, *, name_server: int, web: int) -> Iterator[int]:
    """Run nginx as compose does, but for the places of what it is to find; return its port."""
    certificate, key = self_signed(folder)
    plain, port = free_port(), free_port()
    text = CONFIGURATION.read_text()
    for said, here in {
        "listen 80 ": f"listen 127.0.0.1:{plain} ",
        "listen 443 ": f"listen 127.0.0.1:{port} ",
        "/etc/nginx/tls/fullchain.pem": str(certificate),
        "/etc/nginx/tls/privkey.pem": str(key),
        "127.0.0.11": f"127.0.0.1:{name_server}",
        "web:8000": f"web:{web}",
    }.items():
        assert said in text, said
        text = text.replace(said, here)
    (folder / "nginx.conf").write_text(text)
    options = f"daemon off; error_log {folder}/error.log; pid {folder}/nginx.pid;"
    command = ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf"), "-g", options]
    with subprocess.Popen(command) as process:
        try:
            yield port
        finally:
            process.terminate()


def answer(port: int, path: str) -> str:
    """Return the status, or what the web process says."""
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    try:
        with urllib.request.urlopen(
            f"https://127.0.0.1:{port}{path}", timeout=5, context=trusting
        ) as response:
            return str(response.read().decode())
    except urllib.error.HTTPError as error:
        return str(error.code)
    except OSError:
        return "nobody"


def header_of_an_error(port: int, path: str, name: str) -> str | None:
    """Return one of its headers."""
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"https://127.0.0.1:{port}{path}", timeout=5, context=trusting)
    with caught.value as error:
        return error.headers[name]


def soon(port: int, path: str, expected: str) -> None:
    """Wait until the answer is the expected one."""
    end = time.monotonic() + SECONDS_TO_FOLLOW
    while (found := answer(port, path)) != expected:
        assert time.monotonic() < end, found
        time.sleep(0.2)


@pytest.mark.timeout(120)
def test_it_starts_alone_and_follows_the_web_process_to_another_address(tmp_path: Path) -> None:
    """A container that is made anew has another address; docker's name server knows it."""
    addresses: list[str] = []
    web = free_port()
    with (
        running_name_server(lambda _: addresses, seconds_to_live=600) as names,
        proxy(tmp_path, name_server=names.port, web=web) as port,
    ):
        soon(port, "/", "502")
        addresses[:] = ["127.0.0.1"]
        with web_process("127.0.0.1", web):
            soon(port, "/u/x%2Fy?a=1", "127.0.0.1 /u/x%2Fy?a=1")
            assert answer(port, "/admin/login/?next=/a") == "127.0.0.1 /admin/login/?next=/a"
        addresses[:] = ["127.0.0.2"]
        with web_process("127.0.0.2", web):
            soon(port, "/", "127.0.0.2 /")


@pytest.mark.timeout(120)
def test_no_log_quotes_the_links_of_mails(tmp_path: Path) -> None:
    with (
        running_name_server(lambda _: [], seconds_to_live=600) as names,
        proxy(tmp_path, name_server=names.port, web=free_port()) as port,
    ):
        soon(port, "/u/token-of-a-mail", "502")
        assert answer(port, "/u/token-of-a-mail/preferences") == "502"
        assert header_of_an_error(port, "/u/a", "Referrer-Policy") == "no-referrer"
        assert answer(port, "/seen") == "502"
    said = (tmp_path / "error.log").read_text()
    assert "/seen" in said
    assert "token-of-a-mail" not in said
