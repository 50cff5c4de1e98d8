"""Write mails exactly as Django would, but those that are alike in less time."""

import threading
import time
from contextlib import suppress

from django.core.mail.backends.smtp import EmailBackend as SmtpBackend

from notifications.channel_api.sendable import Sendable
from notifications.sending.channels.email.by_django import write_by_django
from notifications.sending.channels.email.letter import Letter
from notifications.sending.channels.email.skeleton import Kind, Skeleton, kind_of, skeleton_for


class Writer(threading.local):
    """Keeps the skeletons of the present second. The first mail of a kind is always Django's."""

    def __init__(self) -> None:
        self._second = 0
        self._seen: set[Kind] = set()
        self._skeletons: dict[Kind, Skeleton | None] = {}

    def write(self, backend: SmtpBackend, sendable: Sendable) -> Letter:
        """Write a mail.

        Raises:
            Exception: whatever Django raises about addresses and headers.
        """
        skeleton = self._skeleton(backend, sendable)
        if skeleton is None:
            return write_by_django(backend, sendable)
        return skeleton.filled(sendable)

    def _skeleton(self, backend: SmtpBackend, sendable: Sendable) -> Skeleton | None:
        kind = kind_of(sendable)
        if kind is None:
            return None
        second = int(time.time())
        if second != self._second:
            self._second, self._seen, self._skeletons = second, set(), {}
        if kind not in self._seen:
            self._seen.add(kind)
            return None
        if kind not in self._skeletons:
            made = None
            with suppress(Exception):  # Django says what is wrong when it writes the mail itself
                made = skeleton_for(kind, sendable, backend)
            if int(time.time()) != second:
                return None
            self._skeletons[kind] = made
        return self._skeletons[kind]


writer = Writer()
