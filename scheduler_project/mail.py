"""Django's mail settings from one address."""

from urllib.parse import parse_qs, unquote, urlsplit

DEFAULT_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
BACKENDS = "django.core.mail.backends"


def mail_settings(url: str, *, timeout: float = 10.0) -> dict[str, object]:
    """Return the EMAIL_* settings for an EMAIL_URL.

    `timeout` is how many seconds to wait for the server; `?timeout=` in the address overrides it.
    """
    address = urlsplit(url)
    if address.scheme == "console":
        return {"EMAIL_BACKEND": f"{BACKENDS}.console.EmailBackend"}
    query = parse_qs(address.query)
    return {
        "EMAIL_BACKEND": f"{BACKENDS}.smtp.EmailBackend",
        "EMAIL_HOST": address.hostname,
        "EMAIL_PORT": address.port or DEFAULT_PORTS[address.scheme],
        "EMAIL_HOST_USER": unquote(address.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(address.password or ""),
        "EMAIL_USE_TLS": address.scheme == "smtp+starttls",
        "EMAIL_USE_SSL": address.scheme == "smtps",
        "EMAIL_TIMEOUT": float(query.get("timeout", [timeout])[0]),
    }
