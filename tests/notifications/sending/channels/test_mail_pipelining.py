"""Mails are handed over in two round trips where the server allows it, and refused as before."""

import smtplib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from pytest_django import Settings

from notifications.channel_api.sendable import Sendable
from notifications.confidential import Redactor
from notifications.rendering.compiled import Rendered
from notifications.sending.channels.email.connection import connection as mail
from notifications.sending.channels.email.pipelining import hand_over_faster
from notifications.sending.channels.email.send import send
from tasks_core import clock

EXTENSIONS = ("SIZE 1000", "PIPELINING")


@dataclass
class Server:
    """Takes one connection; answers by the first word of a command, and notes what came in one piece."""

    answers: dict[str, str] = field(default_factory=dict)
    extensions: tuple[str, ...] = EXTENSIONS
    pieces: list[bytes] = field(default_factory=list)
    mails: list[bytes] = field(default_factory=list)

    def serve(self, listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection, suppress(ConnectionError):  # who was told goodbye need not wait for more
            connection.sendall(b"220 mail\r\n")
            buffer, in_content = b"", False
            while piece := connection.recv(65_536):
                self.pieces.append(piece)
                buffer += piece
                while (end := b"\r\n.\r\n" if in_content else b"\r\n") in buffer:
                    line, _, buffer = buffer.partition(end)
                    if in_content:
                        self.mails.append(line)
                    answer = self._answer("." if in_content else line.decode().upper())
                    in_content = answer.startswith("354")
                    connection.sendall(answer.encode() + b"\r\n")

    def _answer(self, line: str) -> str:
        word = line.split(maxsplit=1)[0]
        if word in ("EHLO", "HELO"):
            lines = ["mail", *self.extensions]
            marks = ["-"] * (len(lines) - 1) + [" "]
            return "\r\n".join(f"250{m}{one}" for m, one in zip(marks, lines, strict=True))
        return self.answers.get(word, "354 go on" if word == "DATA" else "250 ok")


@contextmanager
def listening(server: Server) -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.serve, args=[listener])
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            thread.join(10)


@contextmanager
def connected(server: Server) -> Iterator[smtplib.SMTP]:
    with listening(server) as port, smtplib.SMTP("127.0.0.1", port, timeout=10) as smtp:
        smtp.ehlo()
        yield smtp
        smtp.close()


def faster(smtp: smtplib.SMTP) -> smtplib.SMTP:
    hand_over_faster(smtp, lambda: None)
    return smtp


CONTENT = b"Subject: one\r\n\r\n.two\r\nthree\r\n"


def test_a_mail_takes_two_pieces() -> None:
    server = Server()
    with connected(server) as smtp:
        for _ in range(2):
            assert faster(smtp).sendmail("a@x.example", ["b@x.example"], CONTENT) == {}
    hello, *pieces = server.pieces
    assert hello.startswith(b"ehlo")
    assert pieces[0] == (
        b"mail FROM:<a@x.example> size=30\r\nrcpt TO:<b@x.example>\r\ndata\r\n"
    ).replace(b"size=30", b"size=%d" % len(CONTENT))
    assert len(pieces) == 4
    assert server.mails == [b"Subject: one\r\n\r\n..two\r\nthree"] * 2


@pytest.mark.parametrize("extensions", [(), ("SIZE",)])
def test_a_server_that_does_not_offer_it_gets_one_command_at_a_time(
    extensions: tuple[str, ...],
) -> None:
    server = Server(extensions=extensions)
    with connected(server) as smtp:
        faster(smtp).sendmail("a@x.example", ["b@x.example"], CONTENT)
    assert [piece[:4] for piece in server.pieces[1:4]] == [b"mail", b"rcpt", b"data"]
    assert server.mails == [b"Subject: one\r\n\r\n..two\r\nthree"]


@pytest.mark.parametrize(
    ("from_", "to"),
    [("a@x.example", ["b@x.example", "c@x.example"]), ("a@x.example", ["b@x.example"])],
)
def test_it_is_the_same_mail_as_without(from_: str, to: list[str]) -> None:
    plain, quick = Server(extensions=("SIZE",)), Server()
    for server in (plain, quick):
        with connected(server) as smtp:
            faster(smtp).sendmail(from_, to, CONTENT)
    assert plain.mails == quick.mails


@pytest.mark.parametrize(
    ("answers", "error", "code"),
    [
        (
            {"MAIL": "550 no", "RCPT": "503 first", "DATA": "503 first"},
            smtplib.SMTPSenderRefused,
            550,
        ),
        ({"MAIL": "421 bye", "RCPT": "421 bye", "DATA": "421 bye"}, smtplib.SMTPSenderRefused, 421),
        ({"DATA": "451 later"}, smtplib.SMTPDataError, 451),
        ({".": "552 too much"}, smtplib.SMTPDataError, 552),
    ],
)
def test_refusals_are_raised_as_by_smtplib(
    answers: dict[str, str], error: type[smtplib.SMTPResponseException], code: int
) -> None:
    raised = []
    for extensions in (EXTENSIONS, ("SIZE",)):
        server = Server(answers, extensions)
        with connected(server) as smtp, pytest.raises(error) as caught:
            faster(smtp).sendmail("a@x.example", ["b@x.example"], CONTENT)
        raised.append((type(caught.value), caught.value.args))
        assert caught.value.smtp_code == code
    assert raised[0] == raised[1]


@pytest.mark.parametrize("data", ["503 no recipient", "354 go on"])
def test_a_refused_recipient_gets_no_content(data: str) -> None:
    server = Server({"RCPT": "550 5.1.1 unknown", "DATA": data})
    with connected(server) as smtp:
        with pytest.raises(smtplib.SMTPRecipientsRefused) as caught:
            faster(smtp).sendmail("a@x.example", ["b@x.example"], CONTENT)
        assert (smtp.sock is None) == data.startswith(
            "354"
        )  # a server that waits for content is left
    assert caught.value.recipients == {"b@x.example": (550, b"5.1.1 unknown")}
    assert server.mails == []


def test_what_stops_it_before_the_content_is_raised() -> None:
    class TooLate(Exception):
        pass

    def stop() -> None:
        raise TooLate

    server = Server()
    with connected(server) as smtp:
        hand_over_faster(smtp, stop)
        with pytest.raises(TooLate):
            smtp.sendmail("a@x.example", ["b@x.example"], CONTENT)
    assert server.mails == []


@pytest.mark.parametrize("address", ["b@x.example\r\nrcpt TO:<c@x.example>", "grün@x.example"])
def test_addresses_that_are_no_part_of_a_line_are_left_to_smtplib(address: str) -> None:
    server = Server()
    with (
        connected(server) as smtp,
        suppress(ValueError, UnicodeError, smtplib.SMTPException),
    ):
        faster(smtp).sendmail("a@x.example", [address], CONTENT)
    commands = [piece for piece in server.pieces if not piece.startswith(b"Subject")]
    assert all(piece.count(b"\r\n") == 1 for piece in commands)


def message(number: int, expires_at: datetime | None = None) -> Sendable:
    return Sendable(
        delivery_id=number,
        number=1,
        channel="email",
        message_id=f"{number:032x}",
        address="ada@example.com",
        throttled=0,
        content=Rendered(f"Message {number}", "Hello", ""),
        is_secret=False,
        redactor=Redactor({}),
        expires_at=expires_at,
    )


@pytest.fixture
def mail_settings(settings: Settings) -> Iterator[Settings]:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    mail.drop()
    yield settings
    mail.drop()


def test_the_channel_hands_its_mails_over_so(mail_settings: Settings) -> None:
    server = Server(extensions=("PIPELINING",))
    with listening(server) as mail_settings.EMAIL_PORT:
        assert [send(message(n)).outcome for n in (1, 2)] == ["success", "success"]
        mail.drop()
    assert len(server.mails) == 2
    assert [piece.count(b"\r\n") for piece in server.pieces if piece.startswith(b"mail")] == [3, 3]


def test_the_channel_hands_nothing_over_that_expires_before_the_content(
    mail_settings: Settings,
) -> None:
    begin = clock.now()
    server = Server(extensions=("PIPELINING",))
    with listening(server) as mail_settings.EMAIL_PORT:
        with clock.frozen(lambda: begin + timedelta(seconds=5 * bool(server.pieces[1:]))):
            result = send(message(1, begin + timedelta(seconds=4)))
        mail.drop()
    assert (result.outcome, server.mails) == ("expired", [])
    assert server.pieces[1].count(b"\r\n") == 3
