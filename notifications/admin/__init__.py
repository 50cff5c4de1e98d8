"""The admin of the notifications app, one model a file. Importing this registers all of them."""

from notifications.admin import task_links
from notifications.admin.broadcast import BroadcastAdmin
from notifications.admin.cron_trigger import CronTriggerAdmin
from notifications.admin.delivery import DeliveryAdmin
from notifications.admin.endpoint import EndpointAdmin
from notifications.admin.notification import NotificationAdmin
from notifications.admin.template import TemplateAdmin
from notifications.admin.template_version import TemplateVersionAdmin
from notifications.admin.trigger_event import TriggerEventAdmin

__all__ = [
    "BroadcastAdmin",
    "CronTriggerAdmin",
    "DeliveryAdmin",
    "EndpointAdmin",
    "NotificationAdmin",
    "TemplateAdmin",
    "TemplateVersionAdmin",
    "TriggerEventAdmin",
    "task_links",
]
