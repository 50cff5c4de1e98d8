"""The names of the pipeline's task types and queues."""

SCHEDULE = "notification.schedule"
RENDER = "notification.render"
ERASE = "notification.erase_recipient"
DELIVER_EMAIL = "notification.deliver.email"
DELIVER_WEBHOOK = "notification.deliver.webhook"

DELIVERY_STEPS = (RENDER, DELIVER_EMAIL, DELIVER_WEBHOOK)
