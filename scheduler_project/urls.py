"""URLs of the project."""

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from tasks_core.metrics.view import metrics

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index", permanent=False)),
    path("metrics", metrics, name="metrics"),
    path("admin/", admin.site.urls),
    path("", include("notifications.urls")),
    path("notifications/inbox/", include("notifications.inbox.urls")),
]
