"""The SMS channel: its numbers, its templates, and the gateways that it tries."""

from notifications import conf
from notifications.channel_api.channel import Address
from notifications.channel_api.sendable import Sendable
from notifications.exceptions import InvalidTemplate
from notifications.models.endpoint import Endpoint
from notifications.rules.addresses import bare
from notifications.rules.outcome import SendResult
from notifications.rules.sms.number import InvalidNumber, e164, region_of
from notifications.rules.sms.segments import segments
from notifications.sending.channels.sms.template import CompiledShortMessage
from notifications.sending.channels.sms.twilio import Twilio
from notifications.sending.providers.failover import send_through
from tasks_core import Exponential


class SmsChannel:
    """Phone numbers, and templates that are a text."""

    kind = "sms"
    deliver_task = "notification.deliver.sms"
    queue_name = "sms"
    retry = Exponential(max_attempts=6, initial=2.0, factor=3.0, cap=900.0, jitter="full")
    max_runtime = 90.0
    carries_secrets = True
    carriers = (Twilio(),)

    def parts(self, text: str) -> int:
        """Count what the network makes of a text, and the carrier charges for."""
        return segments(text).count

    def recognises(self, to: str | Endpoint) -> bool:
        """A text that begins with + and a digit, or with tel:."""
        if not isinstance(to, str):
            return False
        number = bare(self.kind, to)
        return number[:1] == "+" and number[1:2].isdigit()

    def addresses(self, receivers: list[str | Endpoint]) -> list[Address | str]:
        """Check each number, and that its country may be sent to."""
        return [_address(receiver) for receiver in receivers]

    def compile(self, subject: str, text: str, html: str) -> CompiledShortMessage:
        """Compile the text; subject and HTML stay empty."""
        for part, source in (("subject", subject), ("html", html)):
            if source.strip():
                raise InvalidTemplate(part, "an SMS has only a text")
        return CompiledShortMessage(text)

    async def send(self, sendable: Sendable) -> SendResult:
        """Hand the message to the first gateway that takes it."""
        return await send_through(self.kind, self.carriers, sendable)


def _address(receiver: str | Endpoint) -> Address | str:
    if not isinstance(receiver, str):
        return "is an Endpoint; the channel sms needs a phone number such as +4915112345678"
    try:
        number = e164(receiver)
    except InvalidNumber as error:
        return str(error)
    allowed = conf.current().sms_countries
    region = region_of(number)
    if allowed and region not in allowed:
        where = f"country {region}" if region else "no country"
        return f"is a number of {where}; SMS are sent to {', '.join(allowed)} (SMS_COUNTRIES)"
    return Address(number)
