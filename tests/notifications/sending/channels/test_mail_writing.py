"""Mails that are alike are written in less time, and are to the byte what Django writes."""

import re
import smtplib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from itertools import pairwise

import pytest
import time_machine
from django.core.mail.backends.smtp import EmailBackend
from django.test import override_settings
from hypothesis import HealthCheck, example, given
from hypothesis import settings as tried
from hypothesis import strategies as st

from notifications.channel_api.sendable import Sendable
from notifications.confidential import Redactor
from notifications.rendering.compiled import Rendered
from notifications.sending.channels.email.by_django import write_by_django
from notifications.sending.channels.email.dialogue import envelope, is_bare
from notifications.sending.channels.email.letter import Letter
from notifications.sending.channels.email.skeleton import kind_of, skeleton_for
from notifications.sending.channels.email.writing import Writer

NOW = datetime(2026, 3, 29, 1, 59, 59, tzinfo=UTC)
BOUNDARY = re.compile(rb"={15}\d{19}==")

SENDERS = (
    "bank@bank.example",
    "Bank <bank@bank.example>",
    '"Bank, the one" <bank@bank.example>',
    "Bänk <bank@bank.example>",
    "bank@bänk.example",
    "=?utf-8?q?B=C3=A4nk?= <bank@bank.example>",
    f"{'A long name ' * 8}<bank@bank.example>",
    "50% off <bank@bank.example>",
)
ODD_RECIPIENTS = (
    "o'brien@example.com",
    '"quoted local"@example.com',
    "grün@example.com",
    "ada@münchen.example",
    "ada@xn--mnchen-3ya.example",
    "ada@[127.0.0.1]",
    "a..b@example.com",
    "ada@example..com",
    "ada@example.com.",
    "Ada <ada@example.com>",
    "ada",
    f"{'a' * 64}@example.com",
    f"ada@{'a' * 63}.{'b' * 63}.example",
    f"ada@{'a' * 64}.example",
    "%s@example.com",
    "ada@example.com\r\nBcc: eve@example.com",
)
CHARACTERS = st.sampled_from("aZ09 .=%?-_~<>&\t,;:'\"éßЖ€\U0001d11e\xa0\u2028\x85\x0b\x00\r")
LINES = st.one_of(
    st.text(CHARACTERS, max_size=12),
    st.sampled_from((".", "..", "From me", "x" * 76, "x" * 77, "é" * 45, "x" * 990, "y" * 1_200)),
    st.text(st.sampled_from("abc .%="), max_size=30),
)
BODIES = st.tuples(st.lists(LINES, max_size=4).map("\n".join), st.sampled_from(("", "\n", "\n\n")))
TEXTS = BODIES.map("".join)


@st.composite
def sendables(draw: st.DrawFn) -> Sendable:
    return mail(
        subject=draw(
            st.one_of(
                st.text(CHARACTERS, max_size=20),
                st.text(st.sampled_from("ab c"), max_size=90),
                st.sampled_from(("=?utf-8?q?a?=", "a  b", " a", "a ", "50% of {}", "x" * 80)),
            )
        ),
        text=draw(TEXTS),
        html=draw(st.one_of(st.just(""), TEXTS)),
        address=draw(
            st.one_of(
                st.from_regex(r"[a-zA-Z0-9._+-]{1,40}@[a-zA-Z0-9.-]{1,40}", fullmatch=True),
                st.sampled_from(ODD_RECIPIENTS),
            )
        ),
        link=draw(st.sampled_from(("", "https://x.example/u/abc", "https://x.example/%61?=?b"))),
    )


def mail(
    subject: str = "Receipt 7",
    text: str = "Dear Ada,\nthank you.\n",
    html: str = "",
    address: str = "ada@example.com",
    link: str = "",
    message_id: str = "0" * 31 + "1",
) -> Sendable:
    return Sendable(
        delivery_id=1,
        number=1,
        channel="email",
        message_id=message_id,
        address=address,
        throttled=0,
        content=Rendered(subject, text, html),
        is_secret=False,
        redactor=Redactor({}),
        expires_at=None,
        unsubscribe_url=link,
    )


@pytest.fixture(scope="module")
def backend() -> EmailBackend:
    return EmailBackend(host="127.0.0.1", port=1)


@pytest.fixture
def _same_second() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def written(write: object, *arguments: object) -> Letter | type[BaseException]:
    """What is written, with a boundary that does not change, or what is raised."""
    try:
        letter = write(*arguments)  # type: ignore[operator]
    except Exception as error:  # noqa: BLE001
        return type(error)
    assert isinstance(letter, Letter)
    return replace(letter, content=BOUNDARY.sub(b"=boundary=", letter.content))


@pytest.mark.usefixtures("_same_second")
@tried(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sender=st.sampled_from(SENDERS), asked=sendables())
@example(SENDERS[0], mail(html="<p>100%</p>", text="é\n"))
@example(SENDERS[1], mail(text="x" * 77, html="<p>" + "y" * 900 + "</p>\n"))
def test_a_mail_is_to_the_byte_what_django_writes(
    backend: EmailBackend, sender: str, asked: Sendable
) -> None:
    with override_settings(DEFAULT_FROM_EMAIL=sender):
        writer = Writer()
        by_django = written(write_by_django, backend, asked)
        for _ in range(3):  # the first is Django's, the second makes a skeleton, the third uses it
            assert written(writer.write, backend, asked) == by_django


@pytest.mark.usefixtures("_same_second")
@pytest.mark.parametrize(
    "asked",
    [
        mail(),
        mail(text="no line end"),
        mail(html="<p>Dear Ada</p>"),
        mail(html="<p>Dear Ada</p>\n", link="https://notify.example.com/u/abc"),
        mail(subject="100% of it", text="%(subject)b %s\n"),
    ],
)
@pytest.mark.parametrize("sender", SENDERS)
def test_a_skeleton_made_of_one_mail_fits_another(
    backend: EmailBackend, asked: Sendable, sender: str
) -> None:
    with override_settings(DEFAULT_FROM_EMAIL=sender):
        first = replace(
            asked, content=replace(asked.content, subject="Other"), address="b@x.example"
        )
        kind = kind_of(first)
        assert kind is not None
        assert kind == kind_of(asked)
        skeleton = skeleton_for(kind, first, backend)
        assert skeleton is not None
        assert written(skeleton.filled, asked) == written(write_by_django, backend, asked)


@pytest.mark.parametrize(
    "asked",
    [
        mail(subject="Grüße"),
        mail(subject="x" * 70),
        mail(subject="=?utf-8?q?a?="),
        mail(text="a\rb"),
        mail(text="x" * 991),
        mail(html="\x00"),
        mail(address='"quoted local"@example.com'),
        mail(address="ada@münchen.example"),
        mail(link="https://x.example/ä"),
        mail(message_id="short"),
    ],
)
def test_what_may_need_an_encoding_is_left_to_django(asked: Sendable) -> None:
    assert kind_of(asked) is None


def test_the_date_is_that_of_the_second(backend: EmailBackend) -> None:
    writer = Writer()
    dates = []
    with time_machine.travel(NOW, tick=False) as clock:
        for _ in range(3):
            dates += [date_of(writer.write(backend, mail())) for _ in range(3)]
            clock.shift(1.0)
    assert dates == sorted(dates, key=dates.index)
    assert [a == b for a, b in pairwise(dates)] == [True, True, False] * 2 + [True, True]


def test_each_mail_has_a_boundary_of_its_own(backend: EmailBackend) -> None:
    asked = mail(html="<p>Dear Ada</p>")
    kind = kind_of(asked)
    assert kind is not None
    skeleton = skeleton_for(kind, asked, backend)
    assert skeleton is not None
    contents = [skeleton.filled(asked).content for _ in range(20)]
    assert len({frozenset(BOUNDARY.findall(one)) for one in contents}) == 20
    parts = message_from_bytes(contents[0]).get_payload()
    assert [part.get_content_type() for part in parts] == ["text/plain", "text/html"]  # type: ignore[union-attr]


def test_what_a_skeleton_is_made_of_names_nobody(backend: EmailBackend) -> None:
    asked = mail(
        text="the code is 471108\n", address="grace@example.com", link="https://x.example/u/t"
    )
    kind = kind_of(asked)
    assert kind is not None
    kept = repr((kind, skeleton_for(kind, asked, backend)))
    assert not [one for one in ("471108", "grace", "Receipt", "/u/t") if one in kept]


def test_a_message_id_names_the_senders_domain_as_the_dns_does(backend: EmailBackend) -> None:
    with override_settings(DEFAULT_FROM_EMAIL="Bänk <bank@bänk.example>"):
        written = message_from_bytes(write_by_django(backend, mail()).content)
    assert written["Message-ID"] == f"<{'0' * 31}1@xn--bnk-qla.example>"


@given(st.from_regex(r"[\x21-\x7e]{1,20}@[\x21-\x7e]{1,20}", fullmatch=True))
@example("ada@example.com")
@example("ada+b.c@a-b.example")
def test_an_address_that_is_bare_is_named_as_smtplib_does(address: str) -> None:
    smtp = smtplib.SMTP()
    quoted = smtplib.quoteaddr(address)
    assert not is_bare(address) or quoted == f"<{address}>"
    expected = f"mail FROM:{quoted}\r\nrcpt TO:{quoted}\r\ndata\r\n".encode()
    assert envelope(smtp, address, address, 1) == expected


def date_of(letter: Letter) -> str:
    return str(message_from_bytes(letter.content)["Date"])
