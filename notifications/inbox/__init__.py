"""The inbox of the application: a JSON feed, an unread count, and marking as read."""
