"""The names of the digests' task type and queue."""

CLOSE = "notification.digest.close"
QUEUE = "notifications"
