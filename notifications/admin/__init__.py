"""The admin of the notifications app, one model a file. Importing this registers all of them."""

from notifications.admin import first_page, task_links
from notifications.admin.broadcast import BroadcastAdmin
from notifications.admin.category import CategoryAdmin
from notifications.admin.cron_trigger import CronTriggerAdmin
from notifications.admin.delivery import DeliveryAdmin
from notifications.admin.destination import DestinationAdmin
from notifications.admin.digest import DigestAdmin
from notifications.admin.endpoint import EndpointAdmin
from notifications.admin.event_source import EventSourceAdmin
from notifications.admin.limit_counter import LimitCounterAdmin
from notifications.admin.notification import NotificationAdmin
from notifications.admin.provider import ProviderAdmin
from notifications.admin.provider_event import ProviderEventAdmin
from notifications.admin.recipient import RecipientAdmin
from notifications.admin.suppression import SuppressionAdmin
from notifications.admin.template import TemplateAdmin
from notifications.admin.template_version import TemplateVersionAdmin
from notifications.admin.trigger_event import TriggerEventAdmin

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
