"""``/health``: does this process answer at all?"""

from django.http import HttpRequest, HttpResponse, JsonResponse


def health(request: HttpRequest) -> HttpResponse:
    """Answer 200. It asks nothing else: to restart a web process does not mend a database."""
    return JsonResponse({"status": "healthy"})
