"""The admin of the notifications app, one model a file. Importing this registers all of them."""

from notifications.admin import task_links
from notifications.admin.delivery import DeliveryAdmin
from notifications.admin.endpoint import EndpointAdmin
from notifications.admin.notification import NotificationAdmin
from notifications.admin.template import TemplateAdmin
from notifications.admin.template_version import TemplateVersionAdmin

__all__ = [
    "DeliveryAdmin",
    "EndpointAdmin",
    "NotificationAdmin",
    "TemplateAdmin",
    "TemplateVersionAdmin",
    "task_links",
]
