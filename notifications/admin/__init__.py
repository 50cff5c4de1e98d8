"""The admin of the notifications app, one model a file. Importing this registers all of them."""

from notifications.admin import task_links
from notifications.admin.cron_trigger import CronTriggerAdmin
from notifications.admin.delivery import DeliveryAdmin
from notifications.admin.destination import DestinationAdmin
from notifications.admin.endpoint import EndpointAdmin
from notifications.admin.limit_counter import LimitCounterAdmin
from notifications.admin.notification import NotificationAdmin
from notifications.admin.provider import ProviderAdmin
from notifications.admin.template import TemplateAdmin
from notifications.admin.template_version import TemplateVersionAdmin
from notifications.admin.trigger_event import TriggerEventAdmin

__all__ = [
    "CronTriggerAdmin",
    "DeliveryAdmin",
    "DestinationAdmin",
    "EndpointAdmin",
    "LimitCounterAdmin",
    "NotificationAdmin",
    "ProviderAdmin",
    "TemplateAdmin",
    "TemplateVersionAdmin",
    "TriggerEventAdmin",
    "task_links",
]
