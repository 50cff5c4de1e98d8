"""The rows of the notifications app."""

from notifications.models.delivery import Delivery
from notifications.models.delivery_attempt import DeliveryAttempt
from notifications.models.endpoint import Endpoint
from notifications.models.notification import Notification
from notifications.models.template import Template
from notifications.models.template_draft import TemplateDraft
from notifications.models.template_version import TemplateVersion

__all__ = [
    "Delivery",
    "DeliveryAttempt",
    "Endpoint",
    "Notification",
    "Template",
    "TemplateDraft",
    "TemplateVersion",
]
