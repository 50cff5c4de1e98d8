"""Whether the processes of the platform do their work yet."""

import urllib.error
import urllib.request

from scheduler_project.celery import app

ANSWER_SECONDS = 2.0


def answers(url: str) -> bool:
    """Return whether a web server answers at `url`; a refusal for want of a login is an answer."""
    try:
        with urllib.request.urlopen(url, timeout=ANSWER_SECONDS):  # noqa: S310 # our own addresses
            return True
    except urllib.error.HTTPError as refusal:
        refusal.close()
        return refusal.code < 500
    except OSError:
        return False


def worker_answers() -> bool:
    """Return whether a worker consumes from the broker."""
    return bool(app.control.ping(timeout=ANSWER_SECONDS, limit=1))
