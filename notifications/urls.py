"""The addresses of the notifications app. The one in mails is short: long headers get broken."""

from django.urls import path

from notifications.web.events import receive_event
from notifications.web.preferences import preference_page
from notifications.web.unsubscribe import unsubscribe_page

app_name = "notifications"
urlpatterns = [
    path("u/<str:token>", unsubscribe_page, name="unsubscribe"),
    path("u/<str:token>/preferences", preference_page, name="preferences"),
    path("notifications/events/<slug:source>", receive_event, name="events"),
]
