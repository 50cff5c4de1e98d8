"""Where the feed is: include it as ``path("notifications/inbox/", include("notifications.inbox.urls"))``."""

from django.urls import path

from notifications.inbox import views

app_name = "inbox"
urlpatterns = [
    path("messages", views.messages, name="messages"),
    path("unread", views.unread, name="unread"),
    path("read", views.read, name="read"),
]
