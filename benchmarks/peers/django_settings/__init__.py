"""What the Django settings of all peers have in common."""

from urllib.parse import unquote, urlsplit

from benchmarks.peers.interface import database_url

_url = urlsplit(database_url())

SECRET_KEY = "a benchmark keeps no secrets"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _url.path.lstrip("/"),
        "USER": _url.username,
        "PASSWORD": unquote(_url.password or ""),
        "HOST": _url.hostname,
        "PORT": _url.port,
        # Reconnecting for every task would be measured instead of the peer.
        "CONN_MAX_AGE": None,
    }
}
