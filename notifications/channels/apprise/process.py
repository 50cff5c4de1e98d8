"""Start the process that runs Apprise, and read its answer."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from notifications import conf

_ROOT = Path(__file__).resolve().parents[3]


class TookTooLong(Exception):
    """The process was ended: nobody knows whether the message arrived."""


def run(asked: dict[str, Any], *, seconds: float) -> dict[str, Any]:
    """Run Apprise with one request; give its answer.

    The process gets nothing of our environment, where credentials are, but what it needs to run; and the
    proxy, if one is set. Its output is not logged: it may quote the URL.

    Raises:
        TookTooLong: it was ended after ``seconds``.
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
            [sys.executable, "-m", "notifications.channels.apprise.child"],
            input=json.dumps(request),
            capture_output=True,
            text=True,
            timeout=seconds,
            env=_environment(settings.apprise_proxy),
            cwd=_ROOT,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise TookTooLong from None
    try:
        answer: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        return {"ok": False, "problem": f"its process ended with status {done.returncode}"}
    return answer


def _environment(proxy: str) -> dict[str, str]:
    kept = ("PATH", "LANG", "LC_ALL", "SSL_CERT_FILE", "SSL_CERT_DIR", "VIRTUAL_ENV", "PYTHONPATH")
    found = {name: os.environ[name] for name in kept if name in os.environ}
    if proxy:
        found |= {"HTTP_PROXY": proxy, "HTTPS_PROXY": proxy, "NO_PROXY": ""}
    return found
