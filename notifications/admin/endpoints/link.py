"""A link to the page of an endpoint."""

from django.urls import reverse
from django.utils.safestring import SafeString

from notifications.models import Endpoint
from tasks_core.admin.toolkit import link


def endpoint_link(endpoint: Endpoint | None) -> SafeString | str:
    """Return the endpoint's name as a link, or nothing if there is none."""
    if endpoint is None:
        return ""
    return link(reverse("admin:notifications_endpoint_change", args=[endpoint.pk]), endpoint.name)
