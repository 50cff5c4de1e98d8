"""The configuration object: one typed field for each environment variable."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
)

from scheduler_project.configuration import addresses, checks
from tasks_core.logs.secrets import hidden_parts


def _listed(value: object) -> object:
    """Split `a, b` at its commas."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


Words = Annotated[tuple[str, ...], BeforeValidator(_listed)]
Secrets = Annotated[tuple[SecretStr, ...], BeforeValidator(_listed)]
Seconds = Annotated[float, Field(gt=0, le=addresses.LONGEST_SECONDS, allow_inf_nan=False)]


class Configuration(BaseModel):
    """Everything that differs between installations. The alias of a field is its variable."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    debug: bool = Field(False, validation_alias="DEBUG")
    """Development mode: generated secrets, error pages with details, only on loopback."""
    secret_key: Annotated[SecretStr, AfterValidator(checks.secret_key)] = Field(
        validation_alias="SECRET_KEY"
    )
    """Django's key for signing sessions and links."""
    encryption_keys: Annotated[Secrets, AfterValidator(checks.fernet_keys)] = Field(
        validation_alias="ENCRYPTION_KEYS"
    )
    """Fernet keys for secrets in the database: the first encrypts, all decrypt. A new one goes to the end,
    everywhere, and to the front after that. An old one may go when `reseal_secrets --check` says so."""
    allowed_hosts: Annotated[Words, AfterValidator(checks.hosts)] = Field(
        validation_alias="ALLOWED_HOSTS"
    )
    """Host names that the web process answers to."""
    csrf_trusted_origins: Annotated[Words, AfterValidator(checks.origins)] = Field(
        (), validation_alias="CSRF_TRUSTED_ORIGINS"
    )
    """Origins (https://host) whose forms are accepted, for a proxy that changes the host."""

    database_url: Annotated[SecretStr, AfterValidator(addresses.database_url)] = Field(
        validation_alias="DATABASE_URL"
    )
    """PostgreSQL, 14 or later; of several servers (ONE:5432,TWO:5432) the first that takes writes is used."""
    broker_url: Annotated[SecretStr, AfterValidator(addresses.broker_url)] = Field(
        validation_alias="BROKER_URL"
    )
    """Celery's broker."""
    redis_url: Annotated[SecretStr, AfterValidator(addresses.redis_url)] | None = Field(
        None, validation_alias="BELLRINGER_REDIS_URL"
    )
    """Redis for wake-up calls and rate limits; taken from the broker if that is Redis."""
    key_prefix: str = Field("bellringer:", validation_alias="BELLRINGER_KEY_PREFIX")
    """Begins every key in Redis, so that several installations can share one database."""
    redis_socket_timeout: Seconds = Field(10, validation_alias="BELLRINGER_REDIS_SOCKET_TIMEOUT")
    """Seconds that beat and workers wait for an answer of Redis before the connection counts as dead."""
    redis_connect_timeout: Seconds = Field(3, validation_alias="BELLRINGER_REDIS_CONNECT_TIMEOUT")
    """Seconds that beat and workers wait for a connection to Redis. Callers wait 0.3 s for either."""
    redis_health_check_interval: Annotated[int, Field(gt=0, le=addresses.LONGEST_SECONDS)] = Field(
        10, validation_alias="BELLRINGER_REDIS_HEALTH_CHECK_INTERVAL"
    )
    """Seconds of silence after which a connection to Redis is tested before use."""
    visibility_timeout: Annotated[int, Field(ge=60, le=2_592_000)] = Field(
        7200, validation_alias="BELLRINGER_VISIBILITY_TIMEOUT"
    )
    """Seconds until Redis hands out an unacknowledged message again: twice the longest run time.

    Only a backstop: leases in the database decide how soon a dead worker's tasks come back. Must be
    the same in all processes that share a Redis database.
    """
    email_url: Annotated[SecretStr, AfterValidator(addresses.email_url)] = Field(
        SecretStr("smtp://localhost:25"), validation_alias="EMAIL_URL"
    )
    """Mail server: smtp://, smtp+starttls:// or smtps://USER:PASSWORD@HOST:PORT, or console:"""
    default_from_email: Annotated[str, AfterValidator(checks.sender)] = Field(
        "bellringer@localhost", validation_alias="DEFAULT_FROM_EMAIL"
    )
    """Sender of e-mails whose template names none."""

    metrics_token: Annotated[SecretStr, AfterValidator(checks.bearer_token)] | None = Field(
        None, validation_alias="METRICS_TOKEN"
    )
    """Bearer token with which Prometheus reads /metrics; without one only staff who log in can."""
    sentry_dsn: SecretStr | None = Field(None, validation_alias="SENTRY_DSN")
    """Where errors are reported; nowhere if not set."""
    sentry_task_failures: Literal["final", "first", "all"] = Field(
        "first", validation_alias="SENTRY_TASK_FAILURES"
    )
    """Which failed attempts are reported: final (the task has failed for good), first (also the first
    unexpected failure of a task that is tried again, as a warning), or all.
    """
    sentry_cron_monitors: bool = Field(False, validation_alias="SENTRY_CRON_MONITORS")
    """Let each schedule check in with Sentry, which then notices missed and failed runs."""
    otel_exporter_otlp_endpoint: str = Field("", validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT")
    """Collector to which traces are exported (http://HOST:4318); none are recorded if not set. The other
    OTEL_ variables mean what OpenTelemetry says.
    """
    flower_basic_auth: Annotated[SecretStr, AfterValidator(checks.basic_auth)] | None = Field(
        None, validation_alias="FLOWER_BASIC_AUTH"
    )
    """USER:PASSWORD for Flower, which does not start without."""

    health_token: Annotated[SecretStr, AfterValidator(checks.bearer_token)] | None = Field(
        None, validation_alias="HEALTH_TOKEN"
    )
    """Who sends it to /ready as a bearer token sees what was found, and not only how bad it is."""

    ssl_redirect: bool = Field(True, validation_alias="BELLRINGER_SSL_REDIRECT")
    """Redirect http:// to https:// and keep cookies to https. Off only inside a VPN."""
    trust_proxy: bool = Field(False, validation_alias="BELLRINGER_TRUST_PROXY")
    """Believe X-Forwarded-Proto. Only with a proxy in front that always sets it."""
    hsts_seconds: Annotated[int, Field(ge=0, le=2_147_483_647)] = Field(
        31_536_000, validation_alias="BELLRINGER_HSTS_SECONDS"
    )
    """How long browsers remember to use https:// only."""
    static_root: Path | None = Field(None, validation_alias="STATIC_ROOT")
    """Folder of the collected static files; `staticfiles` beside the code if not set. An installed package
    has to have one: beside its code are other packages, and the checks refuse that."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", validation_alias="BELLRINGER_LOG_LEVEL"
    )
    """Log messages below this level are dropped."""
    log_format: Literal["json", "console"] | None = Field(
        None, validation_alias="BELLRINGER_LOG_FORMAT"
    )
    """Log lines as json or, for people, console; json if not set, and console in development mode."""

    @property
    def logs_json(self) -> bool:
        """Whether log lines are JSON."""
        return self.log_format == "json" if self.log_format else not self.debug

    def secrets(self) -> Iterator[str]:
        """Return the values that must not be shown anywhere: each secret, and the passwords in URLs."""
        for name in type(self).model_fields:
            value = getattr(self, name)
            for secret in value if isinstance(value, tuple) else (value,):
                if isinstance(secret, SecretStr):
                    yield from hidden_parts(secret.get_secret_value())


VARIABLES = frozenset(str(field.validation_alias) for field in Configuration.model_fields.values())
"""The names of all of them."""

SECRETS = frozenset(
    str(field.validation_alias)
    for field in Configuration.model_fields.values()
    if "SecretStr" in repr(field.annotation)
)
"""The variables that may also be given as NAME_FILE."""
