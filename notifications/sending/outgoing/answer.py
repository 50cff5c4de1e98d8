"""One answer, read by llhttp as it comes in. Whatever the other side sends, it takes bounded memory."""

import re

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

MAX_FIELDS = 64
MAX_FIELD_BYTES = 8_190
"""Of the status line, and of one header with its name."""
MAX_BLOCK_BYTES = 65_536
"""Of all headers together, with those of interim answers and those after the body."""
MAX_INTERIM = 16
"""Answers such as 103 (early hints) before the one that counts."""

_UNREAD_BYTES = 2 * MAX_BLOCK_BYTES  # what is not body, and still in the parser
_SWITCHING_PROTOCOLS = 101
_VERSIONS = frozenset({"1.0", "1.1"})
_KEEP_ALIVE = re.compile(rb"(?:^|[,;\s])timeout\s*=\s*\"?(\d{1,6})(?!\d)", re.IGNORECASE)


class NotHttp(Exception):
    """What came is no answer in HTTP, or has no status within the limits."""


class Answer:
    """What one request is answered with: up to ``limit`` bytes of the body are kept.

    The methods ``on_...`` are for the parser.
    """

    __slots__ = (
        "_block_bytes", "_fields", "_has_code", "_interim", "_is_final", "_limit", "_line_bytes",
        "_parser", "_unread", "body", "can_be_followed", "headers", "is_complete", "kept_for", "status",
    )  # fmt: skip

    def __init__(self, limit: int) -> None:
        """Take the limit; with 0 the answer has come when its headers have: so for HEAD."""
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = bytearray()
        self.is_complete = False
        """Whether the last byte of the answer has come."""
        self.can_be_followed = False
        """Whether nothing came after that byte, and both sides keep the connection."""
        self.kept_for: float | None = None
        """Seconds for which the other side keeps an idle connection; None: it does not say."""
        self._limit = limit
        self._is_final = self._has_code = False
        self._interim = self._line_bytes = self._block_bytes = self._unread = 0
        self._fields: list[tuple[bytes, bytes]] = []
        self._parser = HttpResponseParser(self)
        # For servers that end their lines with LF alone, or fold headers. Nothing hinges on where such
        # an answer ends: whatever follows an answer closes the connection.
        self._parser.set_dangerous_leniencies(
            lenient_headers=True,
            lenient_optional_cr_before_lf=True,
            lenient_spaces_after_chunk_size=True,
        )

    def feed(self, data: memoryview) -> bool:
        """Take what has come; say whether all that will be kept is here.

        Raises:
            NotHttp: it is no answer, or is beyond the limits before it has a status.
        """
        self._unread += len(data)
        try:
            self._parser.feed_data(data[:-1])
            is_early = self.is_complete  # with bytes behind it that nobody asked for
            if not is_early:
                self._parser.feed_data(data[-1:])
        except (HttpParserError, HttpParserUpgrade):
            if not self.settle():
                raise NotHttp from None
            is_early = True
        if is_early:
            self.can_be_followed = False
        if self._unread > _UNREAD_BYTES and not self.settle():
            raise NotHttp
        has_come = self.is_complete or (self._is_final and len(self.body) >= self._limit)
        if has_come:
            del self._parser  # it knows this answer: without it, both are freed at once
        return has_come

    def settle(self) -> bool:
        """End here with the status that was read; say whether there is one.

        It is the answer, whatever is wrong with what follows it, or does not come: the other side has
        decided, and to ask again would let it do so twice.
        """
        if self.is_complete:
            return True
        if not self._is_final:
            status = self._parser.get_status_code()
            if (
                not self._has_code
                or status < 200
                or self._parser.get_http_version() not in _VERSIONS
            ):
                return False
            self._begin(status)
        self.is_complete = True
        self.can_be_followed = False
        return True

    def end(self) -> bool:
        """Take note that the connection has ended; say whether that ends the answer too."""
        self.is_complete = self.is_complete or (self._is_final and not self._has_length())
        return self.is_complete

    def on_message_begin(self) -> None:
        """Stop at a second answer: there was one request."""
        if self.is_complete:
            raise NotHttp

    def on_status(self, part: bytes) -> None:
        """Bound the status line."""
        self._has_code = True
        self._line_bytes += len(part)
        if self._line_bytes > MAX_FIELD_BYTES:
            raise NotHttp

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header within the limits. Those after the body count, and are not read."""
        self._has_code = True
        size = len(name) + len(value)
        self._block_bytes += size
        if (
            size > MAX_FIELD_BYTES
            or self._block_bytes > MAX_BLOCK_BYTES
            or len(self._fields) == MAX_FIELDS
            or b"\0" in value
        ):
            raise NotHttp
        self._fields.append((name, value))

    def on_headers_complete(self) -> None:
        """Tell an interim answer from the one that counts."""
        status = self._parser.get_status_code()
        if status == _SWITCHING_PROTOCOLS or self._parser.get_http_version() not in _VERSIONS:
            raise NotHttp
        if status < 200:
            self._pass_over()
            return
        self._begin(status)

    def _begin(self, status: int) -> None:
        self.status = status
        self._is_final = True
        for name, value in self._fields:  # of several with one name the first counts
            self.headers.setdefault(_text(name), _text(value.rstrip(b" \t")))
            if len(name) == len(b"keep-alive") and name.lower() == b"keep-alive":
                self.kept_for = _seconds(value)

    def on_body(self, part: bytes) -> None:
        """Keep a part of the body, as far as there is room."""
        self._unread = 0
        room = self._limit - len(self.body)
        if room > 0:
            self.body += part[:room]

    def on_message_complete(self) -> None:
        """Take note of the end, unless it is that of an interim answer."""
        self.is_complete = self._is_final
        self.can_be_followed = self._is_final and self._parser.should_keep_alive()

    def _pass_over(self) -> None:
        self._interim += 1
        self._line_bytes = 0
        self._has_code = False
        self._fields.clear()
        if self._interim > MAX_INTERIM:
            raise NotHttp

    def _has_length(self) -> bool:
        return any(
            name.lower() == b"content-length"
            or (name.lower() == b"transfer-encoding" and b"chunked" in value.lower())
            for name, value in self._fields
        )


def _seconds(keep_alive: bytes) -> float | None:
    found = _KEEP_ALIVE.search(keep_alive)
    return float(found[1]) if found else None


def _text(raw: bytes) -> str:
    """Decode a name or a value so that it can be stored: half characters are none."""
    return raw.decode("utf-8", "replace")
