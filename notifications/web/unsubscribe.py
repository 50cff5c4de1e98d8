"""The page and the one-click address behind an unsubscribe link (RFC 8058)."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from notifications.people.unsubscribe.choices import channels_of, name_of, unsubscribe
from notifications.people.unsubscribe.token import Subscription, decode
from notifications.web.page import page, reads_link


# Mail providers post without having been here before. The token is what they have to know.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@reads_link
def unsubscribe_page(request: HttpRequest, token: str) -> HttpResponse:
    """Ask on GET, as scanners of mail follow every link; switch off on the POST that RFC 8058 defines."""
    subscription = decode(token)
    if subscription is None or not channels_of(subscription):
        return page(request, "unknown", {})
    context = _context(subscription, token)
    if request.method != "POST":
        return page(request, "ask", context)
    if request.POST.get("List-Unsubscribe") != "One-Click":
        return page(request, "ask", context, status=400)
    unsubscribe(subscription)
    return page(request, "done", context)


def _context(subscription: Subscription, token: str) -> dict[str, str]:
    return {"name": name_of(subscription.category), "token": token}
