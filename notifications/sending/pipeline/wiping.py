"""What goes from a notification when it ends, so that its secret cannot be read or guessed any more."""

from typing import Any

from django.db.models import Case, F, Value, When


def secret_wiped() -> dict[str, Any]:
    """Return the columns of an update that ends notifications.

    A digest goes with the secret that it was made of: a code of six digits is found from it by trying.
    """
    return {
        "secret_context": "",
        "content_digest": Case(When(is_secret=True, then=Value("")), default=F("content_digest")),
    }
