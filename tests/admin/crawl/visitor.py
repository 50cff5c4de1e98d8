"""Somebody who opens pages and sends forms, whom an error of the server does not stop."""

import traceback
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

WRITES = ("INSERT", "UPDATE", "DELETE")
OWN = ("django_session", "django_admin_log", "auth_user")
"""Tables that whoever only looks may write to: of the login, one's own password, who saw personal data."""


@dataclass
class Answer:
    """What came back."""

    status: int
    html: str = ""
    location: str = ""
    error: str = ""
    context: Any = None
    wrote: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """Return what a failed test should say of it."""
        return f"{self.status} {self.error}".strip()


class Visitor:
    """One person's browser. What a request writes is undone, so that each meets the same rows."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def get(self, url: str) -> Answer:
        """Open a page."""
        return self._ask("GET", url, b"", "")

    def post(self, url: str, data: dict[str, Any]) -> Answer:
        """Send a form."""
        return self._ask("POST", url, data, None)

    def post_raw(self, url: str, body: bytes, kind: str) -> Answer:
        """Send a form that no browser would."""
        return self._ask("POST", url, body, kind)

    def _ask(self, method: str, url: str, data: Any, kind: str | None) -> Answer:
        with transaction.atomic():
            with CaptureQueriesContext(connection) as queries:
                answer = self._answer(method, url, data, kind)
            transaction.set_rollback(True)
        answer.wrote = [
            one["sql"]
            for one in queries.captured_queries
            if (one["sql"] or "").lstrip().upper().startswith(WRITES)
            and not any(f'"{table}"' in one["sql"] for table in OWN)
        ]
        return answer

    def _answer(self, method: str, url: str, data: Any, kind: str | None) -> Answer:
        try:
            if method == "GET":
                response = self._client.get(url)
            elif kind is None:
                response = self._client.post(url, data)
            else:
                response = self._client.generic("POST", url, data, content_type=kind)
        except Exception as error:  # noqa: BLE001 what a test client raises is what a server answers 500
            last = traceback.extract_tb(error.__traceback__)[-1]
            return Answer(500, error=f"{error!r} in {last.filename}:{last.lineno}"[:400])
        return Answer(
            response.status_code,
            html=response.content.decode(errors="replace"),
            location=response.headers.get("Location", ""),
            context=response.context,
        )
