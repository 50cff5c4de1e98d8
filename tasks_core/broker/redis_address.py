"""Addresses of Redis: as Celery has them written, and as the Redis client reads them."""

from urllib.parse import parse_qsl, quote, urlencode, urlsplit

SOCKET = "redis+socket"

SCHEMES = ("redis://", "rediss://", "unix://", f"{SOCKET}://")
"""How an address of Redis begins."""

_OF_CELERY_ALONE = frozenset({"connect_timeout", "heartbeat", "insist", "login_method"})

_CERTIFICATES = {
    "CERT_REQUIRED": "required",
    "CERT_OPTIONAL": "optional",
    "CERT_NONE": "none",
}
"""What Celery's documentation calls them, and the client's."""


def is_redis(url: str) -> bool:
    """Tell whether a broker's address is one of Redis."""
    return url.startswith(SCHEMES)


def is_socket(url: str) -> bool:
    """Tell whether an address leads to a socket of this machine."""
    return url.startswith(("unix://", f"{SOCKET}://"))


def for_celery(url: str) -> str:
    """Return a broker's address with the server's certificate checked, unless it says otherwise.

    Left to itself kombu checks none, and so would hand the password to whoever answers.
    """
    address = urlsplit(url)
    if address.scheme != "rediss" or "ssl_cert_reqs" in dict(parse_qsl(address.query)):
        return url
    return f"{url}{'&' if address.query else '?'}ssl_cert_reqs=required"


def for_client(url: str) -> str:
    """Return an address that may be written for Celery as the Redis client takes it.

    ``redis+socket:///PATH?virtual_host=1`` becomes ``unix:///PATH?db=1``, ``ssl_cert_reqs=CERT_REQUIRED``
    becomes ``required``, and what only Celery knows is left out. Without ``ssl_cert_reqs`` the client checks
    certificates.

    Source: Celery, "Using Redis" (broker); redis-py, ``ConnectionPool.from_url``.
    """
    address = urlsplit(url)
    given = dict(parse_qsl(address.query, keep_blank_values=True))
    options = {
        name: _CERTIFICATES.get(value, value)
        for name, value in given.items()
        if name not in _OF_CELERY_ALONE
    }
    scheme = address.scheme
    if scheme == SOCKET:
        scheme = "unix"
        if number := options.pop("virtual_host", ""):
            options["db"] = number.strip("/")
    elif options == given:
        return url
    query = f"?{urlencode(options, quote_via=quote)}" if options else ""
    return f"{scheme}://{address.netloc}{address.path}{query}"
