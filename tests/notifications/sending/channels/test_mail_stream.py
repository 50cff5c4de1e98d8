"""The mails of a batch take one round trip each, and each has its own outcome whatever happens around it."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

import pytest
from pytest_django import Settings

from notifications.channel_api.sendable import Sendable
from notifications.confidential import Redactor
from notifications.rendering.compiled import Rendered
from notifications.rules.outcome import SendResult
from notifications.rules.provider_events import Bounce
from notifications.sending.channels.email.connection import connection as mail
from notifications.sending.channels.email.stream import MailStream
from tasks_core import clock
from tests.notifications.sending.channels.scripted_mail_server import (
    CLOSE,
    HANG,
    Answer,
    ScriptedMailServer,
    Step,
    serving,
)

BROKEN = "the connection failed before the mail was handed over"


def message(
    number: int, *, expires_at: datetime | None = None, text: str = "Hello\n", address: str = ""
) -> Sendable:
    return Sendable(
        delivery_id=number,
        number=1,
        channel="email",
        message_id=f"{number:032x}",
        address=address or f"u{number}@example.com",
        throttled=0,
        content=Rendered(f"Message {number}", text, ""),
        is_secret=False,
        redactor=Redactor({}),
        expires_at=expires_at,
    )


@pytest.fixture(autouse=True)
def mail_settings(settings: Settings) -> Iterator[Settings]:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.DEFAULT_FROM_EMAIL = "Bank <bank@bank.example>"
    mail.drop()
    yield settings
    mail.drop()


@pytest.fixture
def server(mail_settings: Settings) -> Iterator[ScriptedMailServer]:
    server = ScriptedMailServer()
    with serving(server) as mail_settings.EMAIL_PORT:
        yield server
        mail.drop()


def hand_over(messages: Sequence[Sendable]) -> list[SendResult]:
    """Hand messages over as a batch; give the results in their order."""
    told: dict[int, SendResult] = {}
    stream = MailStream()

    def note(number: int) -> Callable[[SendResult], None]:
        def tell(result: SendResult) -> None:
            assert number not in told
            told[number] = result

        return tell

    for number, one in enumerate(messages):
        stream.hand_over(one, note(number))
    stream.flush()
    return [told[number] for number in range(len(messages))]


def outcomes(results: Sequence[SendResult]) -> list[str]:
    return [result.outcome.value for result in results]


def subjects(*numbers: int) -> list[str]:
    return [f"Message {number}" for number in numbers]


def test_a_content_and_the_next_envelope_are_one_piece(server: ScriptedMailServer) -> None:
    results = hand_over([message(n) for n in range(1, 6)])
    assert outcomes(results) == ["success"] * 5
    assert server.subjects == subjects(1, 2, 3, 4, 5)
    assert server.connections == 1
    first, *middle, last = server.pieces
    assert first.startswith(b"mail FROM:<bank@bank.example> size=")
    assert first.endswith(b"\r\nrcpt TO:<u1@example.com>\r\ndata\r\n")
    assert len(middle) == 4
    for number, piece in enumerate(middle, 1):
        assert b"Subject: Message %d\r\n" % number in piece
        content, envelope = piece.split(b"\r\n.\r\n")
        assert content.endswith(b"Hello")
        assert envelope.startswith(b"mail FROM:<bank@bank.example> size=")
        assert envelope.endswith(b"\r\nrcpt TO:<u%d@example.com>\r\ndata\r\n" % (number + 1))
    assert last.endswith(b"Hello\r\n.\r\n")


def test_a_size_that_is_announced_is_the_contents(server: ScriptedMailServer) -> None:
    hand_over([message(1), message(2, text="x" * 500 + "\n")])
    sizes = [int(piece.split(b"size=")[1].split()[0]) for piece in server.pieces[:2]]
    assert sizes == [len(content) for content in server.contents]


def test_a_mail_that_is_alone_takes_two_pieces(server: ScriptedMailServer) -> None:
    assert outcomes(hand_over([message(1)])) == ["success"]
    assert len(server.pieces) == 2
    assert server.subjects == subjects(1)


def test_nothing_is_held_back_after_a_flush(server: ScriptedMailServer) -> None:
    stream, told = MailStream(), list[SendResult]()
    for number in (1, 2):
        stream.hand_over(message(number), told.append)
        stream.flush()
        assert server.subjects == subjects(*range(1, number + 1))
        assert len(told) == number
    assert server.connections == 1


REFUSALS: list[tuple[dict[Step, Answer], str, int, Bounce | None]] = [
    (
        {("mail", 2): "452 busy", ("rcpt", 2): "503 what", ("data", 2): "503 what"},
        "transient",
        452,
        None,
    ),
    ({("rcpt", 2): "550 5.1.1 unknown", ("data", 2): "503 no"}, "permanent", 550, Bounce.HARD),
    ({("rcpt", 2): "450 4.2.0 grey", ("data", 2): "554 no"}, "transient", 450, None),
    ({("data", 2): "451 later"}, "transient", 451, None),
    ({("content", 2): "552 5.2.2 full"}, "permanent", 552, Bounce.SOFT),
    ({("content", 2): "451 later"}, "transient", 451, None),
]


@pytest.mark.parametrize(("script", "outcome", "code", "bounce"), REFUSALS)
@pytest.mark.parametrize("count", [2, 4])
def test_a_refusal_is_that_of_its_mail_alone(
    server: ScriptedMailServer,
    script: dict[Step, Answer],
    outcome: str,
    code: int,
    bounce: Bounce | None,
    count: int,
) -> None:
    server.script = script
    results = hand_over([message(n) for n in range(1, count + 1)])
    assert outcomes(results) == ["success", outcome, "success", "success"][:count]
    assert (results[1].status_code, results[1].bounce) == (code, bounce)
    assert server.subjects == subjects(1, 3, 4)[: count - 1]
    assert server.connections == 1


def test_refusals_one_after_the_other_are_told_apart(server: ScriptedMailServer) -> None:
    server.script = {
        ("content", 1): "554 one",
        ("rcpt", 2): "550 two",
        ("data", 2): "503 no",
        ("content", 3): "552 three",
        ("mail", 4): "553 four",
        ("rcpt", 4): "503 no",
        ("data", 4): "503 no",
    }
    results = hand_over([message(n) for n in range(1, 6)])
    assert [one.response.get("text") for one in results] == ["one", "two", "three", "four", None]
    assert server.subjects == subjects(5)


def test_a_server_that_has_a_refused_mail_still_in_mind_does_not_refuse_the_next_for_good(
    server: ScriptedMailServer,
) -> None:
    nested = "503 nested MAIL command"
    server.script = {
        ("content", 1): "554 spam",
        ("mail", 2): nested,
        ("rcpt", 2): "503 no",
        ("data", 2): "503 no",
        ("mail", 3): nested,
        ("rcpt", 3): "503 no",
        ("data", 3): "503 no",
    }
    results = hand_over([message(n) for n in range(1, 5)])
    # The third comes after a reset, so what the server says is about it.
    assert outcomes(results) == ["permanent", "transient", "permanent", "success"]


def test_a_server_that_waits_for_the_content_of_a_refused_mail_is_left(
    server: ScriptedMailServer,
) -> None:
    server.script = {("rcpt", 2): "550 5.1.1 unknown"}
    results = hand_over([message(n) for n in range(1, 4)])
    assert outcomes(results) == ["success", "permanent", "success"]
    assert server.subjects == subjects(1, 3)
    assert server.connections == 2


@pytest.mark.parametrize(
    ("script", "expected", "taken"),
    [
        # after the content has come, without an answer
        ({("content", 2): CLOSE}, ["success", "ambiguous", "transient", "success"], (1, 4)),
        # after the answer to a content
        (
            {("content", 2): f"250 ok {CLOSE}"},
            ["success", "success", "transient", "success"],
            (1, 2, 4),
        ),
        # in the middle of an envelope
        ({("rcpt", 3): CLOSE}, ["success", "success", "transient", "success"], (1, 2, 4)),
        ({("data", 3): CLOSE}, ["success", "success", "transient", "success"], (1, 2, 4)),
        # at the beginning and at the end
        ({("mail", 1): CLOSE}, ["transient", "success", "success", "success"], (2, 3, 4)),
        ({("content", 4): CLOSE}, ["success", "success", "success", "ambiguous"], (1, 2, 3)),
    ],
)
def test_a_connection_that_breaks_costs_what_was_under_way(
    server: ScriptedMailServer,
    script: dict[Step, Answer],
    expected: list[str],
    taken: tuple[int, ...],
) -> None:
    server.script = script
    results = hand_over([message(n) for n in range(1, 5)])
    assert outcomes(results) == expected
    assert server.subjects == subjects(*taken)
    assert {one.error for one in results if one.outcome == "transient"} <= {BROKEN}


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ({("content", 2): f"421 4.3.2 bye {CLOSE}"}, [("transient", 421), ("transient", None)]),
        ({("mail", 2): f"421 4.3.2 bye {CLOSE}"}, [("transient", 421), ("success", 250)]),
        ({("rcpt", 2): f"421 4.3.2 bye {CLOSE}"}, [("transient", 421), ("success", 250)]),
        ({("data", 2): f"421 4.3.2 bye {CLOSE}"}, [("transient", 421), ("success", 250)]),
        ({("rcpt", 2): f"550 no {CLOSE}"}, [("permanent", 550), ("success", 250)]),
    ],
)
def test_a_server_that_shuts_down_is_left_and_the_others_go_by_a_new_connection(
    server: ScriptedMailServer, script: dict[Step, Answer], expected: list[tuple[str, int | None]]
) -> None:
    server.script = script
    results = hand_over([message(n) for n in range(1, 5)])
    found = [(one.outcome.value, one.status_code) for one in results]
    assert found == [("success", 250), *expected, ("success", 250)]
    assert server.connections == 2


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (("content", 2), ["success", "ambiguous", "transient", "success"]),
        (("mail", 2), ["success", "transient", "success", "success"]),
        (("rcpt", 2), ["success", "transient", "success", "success"]),
        (("content", 4), ["success", "success", "success", "ambiguous"]),
    ],
)
def test_a_server_that_falls_silent_is_left_when_its_mail_has_waited_long_enough(
    server: ScriptedMailServer, mail_settings: Settings, step: Step, expected: list[str]
) -> None:
    mail_settings.EMAIL_TIMEOUT = 0.3
    server.script = {step: HANG}
    assert outcomes(hand_over([message(n) for n in range(1, 5)])) == expected
    assert server.connections == (1 if step == ("content", 4) else 2)


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (("content", 2), ["success", "ambiguous", "transient"]),
        (("rcpt", 2), ["success", "transient", "success"]),
    ],
)
def test_a_mail_waits_no_longer_than_until_it_expires(
    server: ScriptedMailServer, mail_settings: Settings, step: Step, expected: list[str]
) -> None:
    mail_settings.EMAIL_TIMEOUT = 20
    server.script = {step: HANG}
    expires_at = clock.now() + timedelta(seconds=0.5)
    began = time.monotonic()
    messages = [message(1), message(2, expires_at=expires_at), message(3)]
    assert outcomes(hand_over(messages)) == expected
    assert time.monotonic() - began < 10


def test_a_mail_that_does_not_expire_is_not_hurried_by_its_neighbour(
    server: ScriptedMailServer,
) -> None:
    begin = clock.now()
    elapsed = [0.0]
    late = threading.Event()

    def slow() -> str:
        elapsed[0] = (
            3.0  # so the third has 0.05 s left for an answer, which it does not get so soon
        )
        late.wait(0.4)
        return "250 ok"

    server.script = {("content", 2): slow}
    with clock.frozen(lambda: begin + timedelta(seconds=elapsed[0])):
        soon = begin + timedelta(seconds=2.9)
        results = hand_over([message(1), message(2), message(3, expires_at=soon)])
    assert outcomes(results) == ["success", "success", "expired"]


def test_what_expires_between_envelope_and_content_is_not_handed_over(
    server: ScriptedMailServer,
) -> None:
    begin = clock.now()
    elapsed = [0.0]

    def slow() -> str:
        elapsed[0] = 5.0
        return "250 ok"

    server.script = {("rcpt", 2): slow}
    with clock.frozen(lambda: begin + timedelta(seconds=elapsed[0])):
        soon = begin + timedelta(seconds=4)
        messages = [
            message(1),
            message(2, expires_at=soon),
            message(3),
            message(4, expires_at=soon),
        ]
        results = hand_over(messages)
    assert outcomes(results) == ["success", "expired", "success", "expired"]
    assert server.subjects == subjects(1, 3)
    assert server.connections == 2
    assert [step for step in server.steps if step[0] == "rcpt"] == [
        ("rcpt", 1),
        ("rcpt", 2),
        ("rcpt", 3),
    ]


def test_a_result_is_told_before_the_answers_to_the_next_envelope_have_come(
    server: ScriptedMailServer,
) -> None:
    told = threading.Event()

    def wait_for_the_one_before() -> str:
        return "250 ok" if told.wait(10) else "550 it was not told"

    server.script = {("rcpt", 3): wait_for_the_one_before}
    stream, results = MailStream(), dict[int, SendResult]()

    def tell(number: int) -> Callable[[SendResult], None]:
        def note(result: SendResult) -> None:
            results[number] = result
            if number == 2:
                told.set()

        return note

    for number in (1, 2, 3):
        stream.hand_over(message(number), tell(number))
    stream.flush()
    assert outcomes([results[n] for n in (1, 2, 3)]) == ["success"] * 3


def test_dots_at_the_beginnings_of_lines_are_doubled_in_each_content(
    server: ScriptedMailServer,
) -> None:
    texts = [".\n", "a\n.\nb\n", "..\n.b\n", ".", "a\n."]
    results = hand_over([message(n, text=text) for n, text in enumerate(texts, 1)])
    assert outcomes(results) == ["success"] * 5
    bodies = [content.split(b"\r\n\r\n", 1)[1] for content in server.contents]
    assert bodies == [b".\r\n", b"a\r\n.\r\nb\r\n", b"..\r\n.b\r\n", b".\r\n", b"a\r\n.\r\n"]


@pytest.mark.parametrize("extensions", [(), ("SIZE",)])
@pytest.mark.parametrize(("script", "outcome", "code", "bounce"), REFUSALS[3:])
def test_a_server_that_does_not_announce_it_is_spoken_to_as_before(
    server: ScriptedMailServer,
    extensions: tuple[str, ...],
    script: dict[Step, Answer],
    outcome: str,
    code: int,
    bounce: Bounce | None,
) -> None:
    server.extensions, server.script = extensions, script
    results = hand_over([message(n) for n in range(1, 4)])
    assert outcomes(results) == ["success", outcome, "success"]
    assert (results[1].status_code, results[1].bounce) == (code, bounce)
    commands = [piece for piece in server.pieces if not piece.startswith(b"Content")]
    assert all(piece.count(b"\r\n") == 1 for piece in commands)


def test_it_can_be_switched_off(server: ScriptedMailServer, mail_settings: Settings) -> None:
    mail_settings.BELLRINGER = {**mail_settings.BELLRINGER, "EMAIL_PIPELINING": False}
    assert outcomes(hand_over([message(1), message(2)])) == ["success", "success"]
    commands = [piece[:4] for piece in server.pieces if not piece.startswith(b"Content")]
    assert commands == [b"mail", b"rcpt", b"data"] * 2


def test_a_server_that_no_longer_announces_it_gets_the_rest_one_by_one(
    server: ScriptedMailServer,
) -> None:
    def change() -> str:
        server.extensions = ()
        return CLOSE

    server.script = {("content", 2): change}
    results = hand_over([message(n) for n in range(1, 6)])
    assert outcomes(results) == ["success", "ambiguous", "transient", "success", "success"]
    assert server.subjects == subjects(1, 4, 5)
    assert server.pieces[-4].startswith(b"mail")
    assert server.pieces[-4].count(b"\r\n") == 1


def test_an_address_that_only_smtplib_can_say_does_not_stop_the_others(
    server: ScriptedMailServer,
) -> None:
    odd = message(2, address='"a b"@example.com'), message(3, address="grün@example.com")
    results = hand_over([message(1), *odd, message(4)])
    assert outcomes(results)[:2] == ["success", "success"]
    assert outcomes(results)[3:] == ["success"]
    assert b'rcpt TO:<"a b"@example.com>' in b"".join(server.pieces)
    assert [one for one in server.subjects if one != "Message 3"] == subjects(1, 2, 4)


def test_a_mail_that_django_cannot_write_does_not_stop_the_others(
    server: ScriptedMailServer,
) -> None:
    results = hand_over([message(1), message(2, address="a@b@c"), message(3)])
    assert outcomes(results) == ["success", "transient", "success"]
    assert results[1].error == "the mail could not be written (ValueError)"
    assert server.subjects == subjects(1, 3)
    assert server.connections == 1


def test_a_server_that_cannot_be_reached_fails_each_mail(mail_settings: Settings) -> None:
    mail_settings.EMAIL_PORT = 1
    results = hand_over([message(1), message(2)])
    assert outcomes(results) == ["transient", "transient"]


def test_what_is_abandoned_is_not_sent_by_those_who_come_after(server: ScriptedMailServer) -> None:
    stream, told = MailStream(), list[SendResult]()
    stream.hand_over(message(1), told.append)
    stream.hand_over(message(2), told.append)
    stream.abandon()
    assert outcomes(hand_over([message(3)])) == ["success"]
    assert told == []
    assert server.connections == 2
    assert "Message 2" not in server.subjects


@pytest.mark.parametrize(
    ("backend", "pieces"),
    [
        ("django.core.mail.backends.locmem.EmailBackend", 0),
        ("tests.support.talkative_backend.EmailBackend", 4),
    ],
)
def test_backends_of_another_make_get_one_mail_at_a_time(
    server: ScriptedMailServer, mail_settings: Settings, backend: str, pieces: int
) -> None:
    mail_settings.EMAIL_BACKEND = backend
    assert outcomes(hand_over([message(1), message(2)])) == ["success", "success"]
    assert len(server.pieces) == pieces
    assert not [piece for piece in server.pieces if b"\r\n.\r\nmail" in piece]
