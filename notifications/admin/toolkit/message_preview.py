"""A rendered message on a page, its HTML shut in."""

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from notifications.rendering.compiled import Rendered
from notifications.rules.addresses import SMS
from notifications.rules.sms.segments import segments

# Nothing is loaded from elsewhere: a picture would tell its server who looks at the preview.
POLICY = (
    '<meta http-equiv="Content-Security-Policy" '
    "content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">"
)


def message(rendered: Rendered, channel: str = "") -> SafeString:
    """Return subject, text and HTML; the HTML in a frame that can do nothing, and of SMS the size."""
    context = {
        "subject": rendered.subject,
        "text": rendered.text,
        "size": _size(rendered.text) if channel == SMS else "",
        "html": POLICY + rendered.html if rendered.html else "",
    }
    return render_to_string("admin/notifications/message.html", context)


def _size(text: str) -> str:
    """Return how many SMS a text makes: each is paid for."""
    found = segments(text)
    return f"{found.count} SMS ({found.units} places of the {found.encoding} alphabet)"


def problem(error: Exception) -> SafeString:
    """Return why there is nothing to preview."""
    return render_to_string("admin/notifications/problem.html", {"problem": str(error)})
