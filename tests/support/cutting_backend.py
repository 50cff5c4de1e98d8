"""A mail backend that takes so long that the database closes the session meanwhile."""

from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.locmem import EmailBackend as MemoryBackend

from tests.support.cutting import cut_own


class EmailBackend(MemoryBackend):
    """Keeps messages in memory; after each of them the session is cut."""

    def send_messages(self, messages: Sequence[EmailMessage]) -> int:
        sent: int = super().send_messages(messages)
        cut_own()
        return sent
