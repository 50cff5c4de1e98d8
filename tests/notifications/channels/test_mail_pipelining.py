"""Mails are handed over in two round trips where the server allows it, and refused as before."""

import smtplib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import pytest

from notifications.channels.email.pipelining import hand_over_faster

EXTENSIONS = ("SIZE 1000", "PIPELINING")


@dataclass
class Server:
    """Takes one connection; answers by the first word of a command, and notes what came in one piece."""

    answers: dict[str, str] = field(default_factory=dict)
    extensions: tuple[str, ...] = EXTENSIONS
    pieces: list[bytes] = field(default_factory=list)
    mails: list[bytes] = field(default_factory=list)
    port: int = 0

    def serve(self, listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
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
def connected(server: Server) -> Iterator[smtplib.SMTP]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server.port = listener.getsockname()[1]
        thread = threading.Thread(target=server.serve, args=[listener])
        thread.start()
        smtp = smtplib.SMTP("127.0.0.1", server.port, timeout=10)
        smtp.ehlo()
        try:
            yield smtp
        finally:
            smtp.close()
            thread.join(10)


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
