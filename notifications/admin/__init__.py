"""The admin of the notifications app, by subject. Importing this registers all of them."""

from notifications.admin import first_page
from notifications.admin.broadcasts.broadcast import BroadcastAdmin
from notifications.admin.digests.digest import DigestAdmin
from notifications.admin.endpoints.endpoint import EndpointAdmin
from notifications.admin.messages import task_links
from notifications.admin.messages.delivery import DeliveryAdmin
from notifications.admin.messages.limit_counter import LimitCounterAdmin
from notifications.admin.messages.notification import NotificationAdmin
from notifications.admin.providers.destination import DestinationAdmin
from notifications.admin.providers.event import ProviderEventAdmin
from notifications.admin.providers.event_source import EventSourceAdmin
from notifications.admin.providers.provider import ProviderAdmin
from notifications.admin.recipients.category import CategoryAdmin
from notifications.admin.recipients.recipient import RecipientAdmin
from notifications.admin.recipients.suppression import SuppressionAdmin
from notifications.admin.templates.template import TemplateAdmin
from notifications.admin.templates.version import TemplateVersionAdmin
from notifications.admin.triggers.cron_trigger import CronTriggerAdmin
from notifications.admin.triggers.trigger_event import TriggerEventAdmin

__all__ = [
    "BroadcastAdmin",
    "CategoryAdmin",
    "CronTriggerAdmin",
    "DeliveryAdmin",
    "DestinationAdmin",
    "DigestAdmin",
    "EndpointAdmin",
    "EventSourceAdmin",
    "LimitCounterAdmin",
    "NotificationAdmin",
    "ProviderAdmin",
    "ProviderEventAdmin",
    "RecipientAdmin",
    "SuppressionAdmin",
    "TemplateAdmin",
    "TemplateVersionAdmin",
    "TriggerEventAdmin",
    "first_page",
    "task_links",
]
