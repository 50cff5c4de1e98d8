"""Django's settings. Everything that differs between installations comes from `configuration`."""

import os
import sys
from pathlib import Path

from notifications.conf import NotificationSettings
from scheduler_project import broker, log_format
from scheduler_project.admin_theme import THEME
from scheduler_project.configuration import load
from scheduler_project.configuration.application_settings import (
    application_settings,
    types_of_fields,
)
from scheduler_project.database import database_settings
from scheduler_project.error_reports import client
from scheduler_project.mail import mail_settings
from tasks_core import logs
from tasks_core.conf import TaskSettings

configuration = load(os.environ)

BASE_DIR = Path(__file__).resolve().parent.parent
# Debug mode keeps every query in memory. Pages make use of that, a worker cannot afford it.
DEBUG = configuration.debug and Path(sys.argv[0]).stem != "celery"
SECRET_KEY = configuration.secret_key.get_secret_value()
ALLOWED_HOSTS = list(configuration.allowed_hosts)
CSRF_TRUSTED_ORIGINS = list(configuration.csrf_trusted_origins)

INSTALLED_APPS = [
    "scheduler_project.apps.SchedulerProjectConfig",
    # Before the admin, whose templates it replaces.
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    # For array fields.
    "django.contrib.postgres",
    "django.contrib.staticfiles",
    "django_celery_beat",
    "django_celery_results",
    "tasks_core",
    "notifications",
]
MIDDLEWARE = [
    # First: what comes before it has no correlation id.
    "tasks_core.middleware.CorrelationMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    # Where nothing has looked at the host yet: probes come by address.
    "tasks_core.health.pages.middleware.HealthMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "scheduler_project.urls"
WSGI_APPLICATION = "scheduler_project.wsgi.application"
ASGI_APPLICATION = "scheduler_project.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

DATABASES = {"default": database_settings(configuration.database_url.get_secret_value())}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = configuration.static_root or BASE_DIR / "staticfiles"
# A checkout serves the files from where they are; an image collects them when it is built.
WHITENOISE_USE_FINDERS = configuration.debug
WHITENOISE_AUTOREFRESH = configuration.debug

UNFOLD = THEME
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"

# Safe in production. In development there is no TLS, and a browser would remember to insist on it.
SECURE_SSL_REDIRECT = configuration.ssl_redirect and not configuration.debug
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT
SECURE_HSTS_SECONDS = configuration.hsts_seconds if SECURE_SSL_REDIRECT else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if configuration.trust_proxy else None
# Load balancers ask over plain http.
SECURE_REDIRECT_EXEMPT = [r"^health$", r"^ready$", r"^metrics$"]
X_FRAME_OPTIONS = "DENY"
# Whether the domain's other hosts speak https as well is not for this service to promise.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]

DEFAULT_FROM_EMAIL = SERVER_EMAIL = configuration.default_from_email
globals().update(mail_settings(configuration.email_url.get_secret_value()))

logs.hide_everywhere(*configuration.secrets())
LOGGING = log_format.configure(level=configuration.log_level, json=configuration.logs_json)
if configuration.sentry_dsn:
    client.configure(configuration.sentry_dsn.get_secret_value())
SENTRY_IS_ON = configuration.sentry_dsn is not None
SENTRY_TASK_FAILURES = configuration.sentry_task_failures
SENTRY_CRON_MONITORS = configuration.sentry_cron_monitors

REDIS_URL = broker.redis_url(configuration)
REDIS_OPTIONS = broker.redis_options(configuration)
KEY_PREFIX = configuration.key_prefix
# The entries of BELLRINGER that an installation may set, with their types.
APPLICATION_SETTINGS = {**types_of_fields(TaskSettings), **types_of_fields(NotificationSettings)}
for _secret in ("ENCRYPTION_KEYS", "HEALTH_TOKEN", "METRICS_TOKEN"):
    del APPLICATION_SETTINGS[_secret]  # without prefix, and with a file variant
_TEMPLATES = BASE_DIR / "templates" / "notifications"
BELLRINGER = {
    "CONSOLE_CHANNEL": configuration.debug,
    # An installed package holds them inside; a checkout has them where people find and edit them.
    "TEMPLATES_FOLDER": str(_TEMPLATES) if _TEMPLATES.is_dir() else "",
    **application_settings(APPLICATION_SETTINGS, os.environ),
    "ENCRYPTION_KEYS": [key.get_secret_value() for key in configuration.encryption_keys],
    "HEALTH_TOKEN": configuration.health_token.get_secret_value()
    if configuration.health_token
    else "",
    "METRICS_TOKEN": configuration.metrics_token.get_secret_value()
    if configuration.metrics_token
    else "",
    "KEY_PREFIX": KEY_PREFIX,
}
logs.treat_as_secret(BELLRINGER.get("LOG_SECRET_WORDS", ()))

FLOWER_BASIC_AUTH = (
    configuration.flower_basic_auth.get_secret_value() if configuration.flower_basic_auth else None
)

CELERY_BROKER_URL = broker.broker_url(configuration)
CELERY_BROKER_TRANSPORT_OPTIONS = broker.transport_options(configuration)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# For ever: by default a worker gives up after three quarters of an hour without a broker.
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# The row is the retry; a caller never waits for a broker that is down.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_ACKS_LATE = True
# The database decides about another attempt. Redelivery by the broker would bypass its limits.
CELERY_TASK_ACKS_ON_FAILURE = True
CELERY_TASK_ACKS_ON_TIMEOUT = True
CELERY_TASK_REJECT_ON_WORKER_LOST = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TRACK_STARTED = False
CELERY_RESULT_BACKEND = None
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# Flower switches them on in every worker while it runs; without it they would cost and serve nobody.
CELERY_WORKER_SEND_TASK_EVENTS = False
# After the platform's own grace, in which handlers finish or hand their tasks back.
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 10.0 + float(
    BELLRINGER.get("SHUTDOWN_GRACE_SECONDS", TaskSettings.shutdown_grace_seconds)
)
CELERY_WORKER_ENABLE_SOFT_SHUTDOWN_ON_IDLE = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# Keeps a worker's database connection between messages; CONN_HEALTH_CHECKS replaces a dead one.
CELERY_DB_REUSE_MAX = 1_000_000_000
CELERY_TIMEZONE = TIME_ZONE
CELERY_ENABLE_UTC = True
