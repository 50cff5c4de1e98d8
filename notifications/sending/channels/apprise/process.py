"""Start the process that runs Apprise, and read its answer."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from notifications import conf
from tasks_core.engine.json_text import UnreadableJson, read_any_json

_ROOT = Path(__file__).resolve().parents[4]


class NoAnswer(Exception):
    """The process ended, or was ended, without an answer: nobody knows whether the message arrived."""


def run(asked: dict[str, Any], *, seconds: float) -> dict[str, Any]:
    """Run Apprise with one request; return its answer.

    The process gets nothing of our environment, where credentials are, but what it needs to run; and the
    proxy, if one is set. Its output is not logged: it may quote the URL.

    Raises:
        NoAnswer: it was ended after ``seconds``, or ended by itself with nothing that can be read.
    """
    settings = conf.current()
    guard = {
        "OUTGOING_ALLOWED_NETWORKS": list(settings.outgoing_allowed_networks),
        "OUTGOING_DENIED_NETWORKS": list(settings.outgoing_denied_networks),
        "OUTGOING_PORTS": list(settings.outgoing_ports),
    }
    request = {**asked, "guard": guard, "proxy": settings.apprise_proxy}
    try:
        done = subprocess.run(
            [sys.executable, "-m", "notifications.sending.channels.apprise.child"],
            input=json.dumps(request).encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=seconds,
            env=_environment(settings.apprise_proxy),
            cwd=_ROOT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NoAnswer("no answer in time") from None
    return _read(done)


def _read(done: subprocess.CompletedProcess[bytes]) -> dict[str, Any]:
    try:
        answer = read_any_json(done.stdout)
    except UnreadableJson:
        answer = None
    if not isinstance(answer, dict) or not isinstance(answer.get("ok"), bool):
        raise NoAnswer(f"its process ended with status {done.returncode}")
    return {"ok": answer["ok"], "problem": str(answer.get("problem", ""))}


def _environment(proxy: str) -> dict[str, str]:
    kept = ("PATH", "LANG", "LC_ALL", "SSL_CERT_FILE", "SSL_CERT_DIR", "VIRTUAL_ENV", "PYTHONPATH")
    found = {name: os.environ[name] for name in kept if name in os.environ}
    if proxy:
        found |= {"HTTP_PROXY": proxy, "HTTPS_PROXY": proxy, "NO_PROXY": ""}
    return found
