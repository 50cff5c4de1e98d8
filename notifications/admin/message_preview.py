"""A rendered message on a page, its HTML shut in."""

from __future__ import annotations

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from notifications.rendering.compiled import Rendered

# Nothing is loaded from elsewhere: a picture would tell its server who looks at the preview.
POLICY = (
    '<meta http-equiv="Content-Security-Policy" '
    "content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">"
)


def message(rendered: Rendered) -> SafeString:
    """Return subject, text and HTML; the HTML in a frame that can do nothing."""
    context = {
        "subject": rendered.subject,
        "text": rendered.text,
        "html": POLICY + rendered.html if rendered.html else "",
    }
    return render_to_string("admin/notifications/message.html", context)


def problem(error: Exception) -> SafeString:
    """Return why there is nothing to preview."""
    return render_to_string("admin/notifications/problem.html", {"problem": str(error)})
