"""The webhook channel: its receivers and its templates."""

from notifications.channel_api.channel import Address
from notifications.exceptions import InvalidTemplate
from notifications.models.endpoint import Endpoint
from notifications.rendering.compiled import CompiledPayload
from notifications.sending.outgoing.guard import InvalidUrl, check_url


class WebhookChannel:
    """Registered endpoints, and templates whose text is a JSON document."""

    kind = "webhook"
    deliver_task = "notification.deliver.webhook"
    carries_secrets = True
    keeps_order = True

    def recognises(self, to: str | Endpoint) -> bool:
        """An endpoint, or a URL."""
        return isinstance(to, Endpoint) or "://" in to

    def addresses(self, receivers: list[str | Endpoint]) -> list[Address | str]:
        """Find the endpoint behind each receiver, with one query for all URLs."""
        problems = {url: _form(url) for url in {to for to in receivers if isinstance(to, str)}}
        urls = [url for url, problem in problems.items() if not problem]
        found: dict[str, list[Endpoint]] = {}
        if urls:
            for endpoint in Endpoint.objects.filter(url__in=urls):
                found.setdefault(endpoint.url, []).append(endpoint)
        return [
            _endpoint(to)
            if isinstance(to, Endpoint)
            else (problems[to] or _only(found.get(to, [])))
            for to in receivers
        ]

    def compile(self, subject: str, text: str, html: str) -> CompiledPayload:
        """Compile the text as JSON; subject and HTML stay empty."""
        for part, source in (("subject", subject), ("html", html)):
            if source.strip():
                raise InvalidTemplate(part, "a webhook has only a text, which gives JSON")
        if not text.strip():
            raise InvalidTemplate("text", 'is empty; give a document, such as {"type": "paid"}')
        return CompiledPayload(text)


def _form(url: str) -> str:
    try:
        check_url(url)
    except InvalidUrl as error:
        return str(error)
    return ""


def _endpoint(endpoint: Endpoint) -> Address | str:
    if endpoint._state.adding:
        return "is an Endpoint that is not saved; use register_endpoint(...)"
    return Address(endpoint.url, endpoint)


def _only(endpoints: list[Endpoint]) -> Address | str:
    if not endpoints:
        return "no endpoint is registered for this URL; call register_endpoint(...) first"
    if len(endpoints) > 1:
        return "several endpoints have this URL; pass the Endpoint itself"
    return Address(endpoints[0].url, endpoints[0])
