"""The rows of the notifications app."""

from notifications.models.cron_trigger import CronTrigger
from notifications.models.delivery import Delivery
from notifications.models.delivery_attempt import DeliveryAttempt
from notifications.models.destination import Destination
from notifications.models.endpoint import Endpoint
from notifications.models.inbox_message import InboxMessage
from notifications.models.kept_code import KeptCode
from notifications.models.limit_counter import LimitCounter
from notifications.models.notification import Notification
from notifications.models.provider import Provider
from notifications.models.template import Template
from notifications.models.template_draft import TemplateDraft
from notifications.models.template_version import TemplateVersion
from notifications.models.trigger_event import TriggerEvent
from notifications.models.trigger_invocation import TriggerInvocation

__all__ = [
    "CronTrigger",
    "Delivery",
    "DeliveryAttempt",
    "Destination",
    "Endpoint",
    "InboxMessage",
    "KeptCode",
    "LimitCounter",
    "Notification",
    "Provider",
    "Template",
    "TemplateDraft",
    "TemplateVersion",
    "TriggerEvent",
    "TriggerInvocation",
]
