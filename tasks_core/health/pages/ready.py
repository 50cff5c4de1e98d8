"""``/ready``: can this process serve, and how is the platform?"""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse

from tasks_core.health import Level
from tasks_core.health.pages.access import Access, access_of
from tasks_core.health.shared import SharedExamination
from tasks_core.health.summary import readiness_of, status_of, summary

STRICT = "strict"
"""In the query: judge the whole platform, for a monitor, and not only this process, for its traffic."""

examination = SharedExamination()


def ready(request: HttpRequest) -> HttpResponse:
    """Answer 503 if unhealthy, else 200, with the status of each component; details for those who may."""
    findings = examination.findings()
    access = access_of(request, findings)
    if access is Access.REFUSED:
        return _refusal()
    status = status_of(findings) if STRICT in request.GET else readiness_of(findings)
    body = {**summary(findings), "status": status}
    shown = body if access is Access.DETAILS else _statuses(body)
    return JsonResponse(shown, status=503 if status == Level.UNHEALTHY else 200)


def _statuses(body: dict[str, Any]) -> dict[str, Any]:
    """Leave out what tells strangers about the inside."""
    components = {name: {"status": each["status"]} for name, each in body["components"].items()}
    return {"status": body["status"], "components": components}


def _refusal() -> HttpResponse:
    text = (
        "the bearer token is not HEALTH_TOKEN; correct it, or send none to see the statuses alone"
    )
    return JsonResponse({"error": text}, status=401, headers={"WWW-Authenticate": "Bearer"})
