"""The settings of the notifications app: entries of ``settings.BELLRINGER``, with defaults.

They are read once, and again when Django's ``override_settings`` has changed them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from typing import TypeVar

from django.core.exceptions import ImproperlyConfigured

from notifications.rendering import limits
from notifications.rules.networks import AllowedNetwork, Network, allowed_network
from tasks_core.conf import read_once, settings_of

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class NotificationSettings:
    """What ``settings.BELLRINGER`` may say about notifications. Keys are the names in capitals."""

    outgoing_https_only: bool = True
    """Refuse webhook addresses that begin with http://."""
    outgoing_ports: Sequence[int] = (443, 80)
    """Ports that outgoing requests may use; 0 among them allows every port."""
    outgoing_allowed_networks: Sequence[str] = ()
    """Networks (CIDR) that may be reached although they are denied: own receivers. With a port, such as
    10.20.0.0/16:8443 or [fd00::/8]:8443, only there; without one, on every port.
    """
    outgoing_denied_networks: Sequence[str] = ()
    """Networks (CIDR) that may not be reached although they are public: own ones, such as the IPv6 addresses
    of a cluster, or a NAT64 that leads inside.
    """
    outgoing_name_servers: Sequence[str] = ()
    """Name servers for outgoing requests, such as 10.0.0.53 or [fd00::53]:5353; empty takes the system's."""
    outgoing_connections: int = 400
    """Connections to others that one worker process has open at once; more requests wait for one."""
    outgoing_connect_timeout: float = 5.0
    """Seconds for name resolution, connecting and TLS."""
    outgoing_total_timeout: float = 20.0
    """Seconds for a whole exchange, from the first byte to the last."""
    outgoing_response_limit: int = 20_000
    """Bytes of a response that are read; the rest is not waited for."""
    outgoing_traceparent: bool = False
    """Tell the receivers of webhooks which trace a request belongs to, by a traceparent header."""
    webhook_secret_grace: float = 24 * 3600.0
    """Seconds for which a rotated webhook secret goes on signing."""
    webhook_disable_after_days: float = 5.0
    """Days of nothing but failures after which a webhook endpoint is disabled; 0 never does so."""
    email_mailer: str = "default"
    """The entry of Django's setting MAILERS, if that is used, by which e-mails leave."""
    email_message_id_domain: str = ""
    """Domain of Message-ID headers; empty takes the domain of DEFAULT_FROM_EMAIL."""
    email_timeout: float = 20.0
    """Seconds for one answer of the mail server, unless the mail backend sets its own."""
    email_idle_check: float = 5.0
    """Seconds after which an idle mail connection is asked whether it still lives."""
    email_pipelining: bool = True
    """Send several commands at once to a mail server that announces PIPELINING; false if it loses some."""
    context_limit: int = 64_000
    """Bytes of JSON that the variables of one notification may take."""
    templates_folder: str = ""
    """Where the message templates are that come with the product; empty for those inside the package."""
    template_limit: int = 200_000
    """Characters of one part of a template."""
    message_limit: int = 500_000
    """Characters of one rendered part."""
    loop_limit: int = 10_000
    """Turns that all loops of one rendering may take together."""
    render_seconds: float = 2.0
    """Processor time, in seconds, that compiling or rendering one part of a template may take."""
    response_kept: int = 2_000
    """Characters of a response or request body that the attempt log keeps."""
    email_retry_policy: str = ""
    """Name of the RetryPolicy row by which e-mails are tried again; empty for the built-in rule."""
    webhook_retry_policy: str = ""
    """The same for webhooks."""
    sandbox: bool = False
    """Everything runs and is recorded, and nothing leaves: for staging and rehearsals."""
    sandbox_allow: Sequence[str] = ()
    """Addresses, URLs, domains and *.domains that are reached although the sandbox is on."""
    sandbox_redirect_to: Sequence[str] = ()
    """Where messages to everybody else go while the sandbox is on, such as a mail address and the URL of a
    receiver of webhooks: each channel takes the first that it recognises. Without one they are held back.
    """
    alert_recipients: Sequence[str] = ()
    """Mail addresses and URLs of registered endpoints that are told when a subscriber of events is parked."""
    notification_body_retention_days: float = 30.0
    """How long variables and rendered texts of notifications are kept after they have ended; 0: as long as
    their rows.
    """
    notification_exchange_retention_days: float = 30.0
    """The same for what the attempt log says of requests, responses and errors."""
    notification_retention_days: float = 365.0
    """How long the rows themselves are kept, with their idempotency keys: at least 1; 0 keeps them for
    ever.
    """
    notification_retention: Mapping[str, Mapping[str, float]] | None = None
    """Other numbers of days for some categories, as JSON: {"otp": {"exchange": 1, "row": 7}}; the words are
    body, exchange and row. What the row of a category says counts before it, and both hold for the categories
    below.
    """
    public_url: str = ""
    """Where recipients reach this installation, such as https://notify.example.com; for links in mails."""
    quiet_hours: str = ""
    """Local times in which recipients are left alone, such as 22:00-08:00; empty for none."""
    quiet_hours_jitter: float = 900.0
    """Seconds over which messages held by quiet hours are spread when those end."""
    recipient_timezone: str = "UTC"
    """Time zone of recipients who have none of their own."""
    suppression_keep_addresses: bool = False
    """Whether the suppression list keeps the addresses themselves beside their keyed hashes."""
    soft_bounce_limit: int = 5
    """So many soft bounces stop an address; 0 never does."""
    soft_bounce_window_days: float = 14.0
    """The time in which they are counted."""
    soft_bounce_suppression_days: float = 30.0
    """How long soft bounces stop an address; 0 for ever."""
    provider_event_limit: int = 65_536
    """Bytes that a posted provider event may have."""
    provider_event_tolerance: float = 300.0
    """Seconds by which the time of a signed event may differ from ours."""
    provider_event_retention_days: float = 90.0
    """How long provider events are kept, and their ids known; 0 keeps them for ever."""
    inbox_retention_days: float = 180.0
    """How long messages in inboxes are kept, read or not; 0: as long as the rows of their notifications."""
    sms_retry_policy: str = ""
    """Name of the RetryPolicy row by which SMS are tried again; empty for the built-in rule."""
    sms_countries: Sequence[str] = ()
    """Countries that SMS are sent to, such as DE,AT,CH; empty allows every country."""
    sms_max_segments: int = 6
    """SMS that one message may make; a longer text is refused."""
    sms_prices: Sequence[str] = ("*=0.10",)
    """What one SMS costs, by country, such as DE=0.075,*=0.10, in CURRENCY; for SMS_SPEND_LIMITS. A country
    without a price costs what the dearest does.
    """
    sms_spend_limits: Sequence[str] = ("100.00/1d",)
    """What may be spent on SMS, by SMS_PRICES, such as 50.00/1h,500.00/1d; empty for no limit."""
    currency: str = ""
    """The currency of SMS_PRICES and SMS_SPEND_LIMITS, by its code (ISO 4217) such as EUR; shown with
    amounts, which are never converted.
    """
    sms_country_limits: Sequence[str] = ()
    """SMS to one country, such as DE=5000/1h,*=100/1h; empty for no limit."""
    otp_recipient_limits: Sequence[str] = ("5/10m", "20/1d")
    """One-time codes to one address, in windows of time."""
    otp_requester_limits: Sequence[str] = ("30/10m",)
    """One-time codes for one requester, such as an IP address, if callers name one."""
    otp_resend_interval: float = 30.0
    """Seconds between two sendings of the same code."""
    repeat_unanswered: bool = True
    """Send an SMS, chat or push message again when a provider gave no answer, so it may arrive twice.

    One-time codes always are: the same code twice does no harm.
    """
    console_channel: bool = False
    """Whether the channel console, which prints messages, can be used; for development."""
    inbox_owner: str = ""
    """Dotted path of a function that takes a request and gives the owner of the inbox, or None.

    Empty: the owner is the id of the signed-in user.
    """
    apprise_schemas: Sequence[str] = ()
    """Services that the channel apprise may use, such as ntfys,discord; empty switches it off."""
    apprise_proxy: str = ""
    """Egress proxy for Apprise, such as http://proxy.internal:4750."""
    trigger_env_prefix: str = "HOOK_"
    """Scheduled triggers may use environment variables whose names begin so; empty allows none."""
    trigger_env_hosts: Sequence[str] = ()
    """Hosts that such a variable may be sent to, such as HOOK_TOKEN=api.example.com,HOOK_TOKEN=*.example.org.
    What holds a URL or the name of a host may be sent there without an entry; any other needs one.
    """
    trigger_retry_after_cap: float = 3600.0
    """Longest wait, in seconds, that a trigger's webhook may ask for with Retry-After."""
    trigger_retry_after_limit: int = 100
    """Tries that such a webhook may ask for after the last one of its retry_conf."""
    trigger_log_limit: int = 20_000
    """Bytes of a request body, and of a response body, that an invocation log keeps."""
    trigger_redacted_words: Sequence[str] = (
        "authorization",
        "cookie",
        "token",
        "secret",
        "password",
        "passwd",
        "api_key",
        "private_key",
        "credential",
        "signature",
    )
    """Headers and payload fields with one of these words in their names are masked in logs."""
    trigger_retention_days: float = 30.0
    """How long events of scheduled triggers are kept after they have ended; 0 keeps them for ever."""
    trigger_log_retention_days: float = 30.0
    """How long their invocation logs are kept, if that is shorter; 0 keeps them as long as the events."""


current = settings_of(NotificationSettings)
"""Return the settings of notifications as they are now."""

limits.current = current


def retry_policy(channel: str) -> str | None:
    """Return the name of the RetryPolicy row for a channel's deliveries, None for the built-in rule."""
    name: str = getattr(current(), f"{channel}_retry_policy", "")
    return name or None


@read_once
def allowed_networks() -> tuple[AllowedNetwork, ...]:
    """Return the parsed ``OUTGOING_ALLOWED_NETWORKS``.

    Raises:
        ImproperlyConfigured: an entry is no network.
    """
    entries = current().outgoing_allowed_networks
    return tuple(_parsed("OUTGOING_ALLOWED_NETWORKS", allowed_network, entry) for entry in entries)


@read_once
def denied_networks() -> tuple[Network, ...]:
    """Return the parsed ``OUTGOING_DENIED_NETWORKS``.

    Raises:
        ImproperlyConfigured: an entry is no network.
    """
    entries = current().outgoing_denied_networks
    return tuple(_parsed("OUTGOING_DENIED_NETWORKS", ip_network, entry) for entry in entries)


def _parsed(name: str, parse: Callable[[str], T], entry: str) -> T:
    try:
        return parse(entry)
    except ValueError as error:
        raise ImproperlyConfigured(
            f"BELLRINGER['{name}']: {error}; write networks such as 10.20.0.0/16 or 127.0.0.1/32"
        ) from None
