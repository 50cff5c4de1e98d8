"""Which of Apprise's services may be used at all, and which an installation has allowed."""

from notifications import conf
from notifications.exceptions import InvalidProvider

SERVICES = frozenset(
    {
        "bark", "barks", "discord", "flock", "gchat", "gotify", "gotifys", "guilded", "ifttt", "join",
        "lametric", "line", "mastodon", "mastodons", "matrix", "matrixs", "mmost", "mmosts", "ntfy",
        "ntfys", "opsgenie", "pagerduty", "pagertree", "pbul", "pover", "prowl", "psafer", "psafers",
        "pushy", "revolt", "rocket", "rockets", "ryver", "signl4", "simplepush", "splunk", "twist",
        "victorops", "wxteams", "zulip",
    }
)  # fmt: skip
"""Chats and pagers. Not among them, whatever is allowed: e-mail, SMS and webhooks, which have channels
of their own, and services of the local machine such as syslog or D-Bus."""


def checked_schema(url: str) -> str:
    """Return the schema of an Apprise URL.

    Raises:
        InvalidProvider: it is not allowed; lists those that are.
    """
    schema, separator, _ = url.partition("://")
    schema = schema.strip().lower()
    if not separator or not schema.isalnum():
        raise InvalidProvider("url", "is no Apprise URL, such as ntfys://ntfy.example/topic")
    allowed = sorted(SERVICES & set(conf.current().apprise_schemas))
    if schema not in allowed:
        listed = ", ".join(allowed) or "none"
        raise InvalidProvider(
            "url",
            f"has schema {schema}://, which is not allowed; allowed: {listed} (APPRISE_SCHEMAS)",
        )
    return schema
