"""How the admin looks: settings of the theme (django-unfold)."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy


def _icon(request: HttpRequest) -> str:
    return static("tasks_core/favicon.svg")


def _stylesheet(request: HttpRequest) -> str:
    return static("tasks_core/admin.css")


def _script(request: HttpRequest) -> str:
    return static("tasks_core/reachable.js")


def _may_view(model: str) -> Callable[[HttpRequest], bool]:
    app_label, _, name = model.rpartition("_")

    def may_view(request: HttpRequest) -> bool:
        user = request.user
        return any(user.has_perm(f"{app_label}.{deed}_{name}") for deed in ("view", "change"))

    return may_view


def _item(title: str, icon: str, model: str) -> dict[str, Any]:
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{model}_changelist"),
        "permission": _may_view(model),
    }


def _group(title: str, *items: dict[str, Any]) -> dict[str, Any]:
    return {"title": title, "separator": True, "items": list(items)}


THEME: dict[str, Any] = {
    "SITE_TITLE": "Bellringer",
    "SITE_HEADER": "Bellringer",
    "SITE_SUBHEADER": "Durable tasks and notifications",
    "SITE_SYMBOL": "notifications_active",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": _icon}],
    "ENVIRONMENT": "notifications.admin.sandbox_banner.environment",
    "SITE_URL": None,
    "SHOW_VIEW_ON_SITE": False,
    "DASHBOARD_CALLBACK": "tasks_core.admin.dashboard.first_page.dashboard",
    "STYLES": [_stylesheet],
    "SCRIPTS": [_script],
    "COLORS": {
        "primary": {
            "50": "oklch(97% 0.02 240)",
            "100": "oklch(93% 0.04 240)",
            "200": "oklch(87% 0.07 240)",
            "300": "oklch(79% 0.1 240)",
            "400": "oklch(70% 0.13 243)",
            "500": "oklch(62% 0.15 246)",
            "600": "oklch(54% 0.15 250)",
            "700": "oklch(47% 0.14 252)",
            "800": "oklch(40% 0.11 253)",
            "900": "oklch(35% 0.09 254)",
            "950": "oklch(27% 0.07 255)",
        },
    },
    "SIDEBAR": {
        "show_search": False,
        "show_all_applications": False,
        "navigation": [
            {
                "items": [
                    {"title": "Overview", "icon": "monitoring", "link": reverse_lazy("admin:index")}
                ]
            },
            _group(
                "Tasks",
                _item("Tasks", "task_alt", "tasks_core_task"),
                _item("Dead letters", "report", "tasks_core_deadletter"),
                _item("Retry policies", "replay", "tasks_core_retrypolicy"),
                _item("Events", "history", "tasks_core_taskevent"),
                _item("Subscribers", "rss_feed", "tasks_core_eventsubscription"),
            ),
            _group(
                "Schedules",
                _item("Schedules", "schedule", "tasks_core_schedule"),
                _item("Ledger", "menu_book", "tasks_core_occurrence"),
                _item("Backfills", "fast_rewind", "tasks_core_backfill"),
                _item("Periodic tasks", "event_repeat", "django_celery_beat_periodictask"),
            ),
            _group(
                "Notifications",
                _item("Notifications", "notifications", "notifications_notification"),
                _item("Deliveries", "outgoing_mail", "notifications_delivery"),
                _item("Broadcasts", "campaign", "notifications_broadcast"),
                _item("Digests", "stacks", "notifications_digest"),
                _item("Templates", "draft", "notifications_template"),
                _item("Endpoints", "webhook", "notifications_endpoint"),
                _item("Providers", "cell_tower", "notifications_provider"),
                _item("Destinations", "forum", "notifications_destination"),
                _item("Limits", "speed", "notifications_limitcounter"),
            ),
            _group(
                "Recipients",
                _item("Recipients", "group", "notifications_recipient"),
                _item("Categories", "category", "notifications_category"),
                _item("Suppressed addresses", "do_not_disturb_on", "notifications_suppression"),
                _item("Provider events", "move_to_inbox", "notifications_providerevent"),
                _item("Event sources", "input", "notifications_eventsource"),
            ),
            _group(
                "Scheduled triggers",
                _item("Cron triggers", "alarm", "notifications_crontrigger"),
                _item("Scheduled events", "event", "notifications_triggerevent"),
            ),
            _group(
                "Platform",
                _item("Workers", "memory", "tasks_core_worker"),
                _item("Lanes", "view_week", "tasks_core_lane"),
                _item("Type statistics", "speed", "tasks_core_tasktypestatistics"),
            ),
            _group(
                "Access",
                _item("Users", "person", "auth_user"),
                _item("Groups", "group", "auth_group"),
            ),
        ],
    },
}
"""The value of the setting UNFOLD."""
