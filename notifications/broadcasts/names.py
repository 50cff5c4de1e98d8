"""The names of the broadcasts' task type and queue."""

HAND_OVER = "notification.broadcast.chunk"
QUEUE = "notifications"
