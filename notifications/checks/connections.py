"""Settings of outgoing connections that would let nothing out, or everything."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.core.checks import CheckMessage, Error
from django.core.exceptions import ImproperlyConfigured

from notifications import conf
from notifications.rules.networks import allowed_network
from tasks_core.checks.numbers import Bounds

_PORTS = Bounds(0, 65_535, whole=True)


def ways_out_can_be_read(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Refuse networks, name servers and a proxy that nobody can read."""
    return [Error(problem, id="notifications.E012") for problem in _problems()]


def _problems() -> Iterator[str]:
    readers: tuple[Callable[[], object], ...] = (conf.allowed_networks, conf.denied_networks)
    for read in readers:
        try:
            read()
        except ImproperlyConfigured as error:
            yield str(error)
    for server in conf.current().outgoing_name_servers:
        if not _is_name_server(server):
            yield (
                f"OUTGOING_NAME_SERVERS has {server!r}; "
                "write addresses such as 10.0.0.53, 10.0.0.53:5353 or [fd00::53]:5353"
            )
    for port in conf.current().outgoing_ports:
        if not _PORTS.allow(port):
            yield f"OUTGOING_PORTS has {port!r}; write {_PORTS}, where 0 is all of them"
    proxy = conf.current().apprise_proxy
    if proxy and not _is_proxy(proxy):
        yield "APPRISE_PROXY is no address of a proxy; write one such as http://proxy.internal:4750"


def _is_name_server(text: str) -> bool:
    """Return whether it is one address, with a port or without: written like an allowed network of one."""
    try:
        return "/" not in text and allowed_network(text).network.num_addresses == 1
    except ValueError:
        return False


def _is_proxy(text: str) -> bool:
    try:
        url = urlsplit(text)
        return url.scheme in {"http", "https"} and bool(url.hostname) and url.port != 0
    except ValueError:
        return False
