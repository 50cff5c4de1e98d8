"""Framing of answers: where one ends, what is kept of it, and what is none."""

from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.sending.outgoing.answer import (
    MAX_BLOCK_BYTES,
    MAX_FIELD_BYTES,
    MAX_FIELDS,
    MAX_INTERIM,
    Answer,
    NotHttp,
)

pytestmark = pytest.mark.guarantee(n=5)

LIMIT = 20_000
OK = b"HTTP/1.1 200 OK\r\n"


@dataclass(frozen=True)
class Seen:
    status: int
    headers: dict[str, str]
    body: bytes
    is_complete: bool
    can_be_followed: bool


def read(*packets: bytes, limit: int = LIMIT, ends: bool = False) -> Seen | None:
    """Give what an answer is after these packets; None if it is not there yet."""
    answer = Answer(limit)
    has_come = False
    for packet in packets:
        has_come = answer.feed(memoryview(packet))
        if has_come:
            break
    if not has_come and not (ends and answer.end()):
        return None
    return Seen(
        answer.status,
        answer.headers,
        bytes(answer.body),
        answer.is_complete,
        answer.can_be_followed,
    )


def pieces(whole: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted({cut % len(whole) for cut in cuts} - {0}), len(whole)]
    return [whole[start:end] for start, end in pairwise(edges)]


ANSWERS = {
    "with a length": OK + b"Content-Length: 5\r\nX-A: b \t\r\n\r\nhello",
    "chunked": OK
    + b"Transfer-Encoding: chunked\r\n\r\n3;name=value\r\nhel\r\n2\r\nlo\r\n0\r\nX-Sum: 1\r\n\r\n",
    "without a body": b"HTTP/1.1 204 No Content\r\nX-Empty:\r\n\r\n",
    "not modified": b"HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\n\r\n",
    "after interim ones": b"HTTP/1.1 100 Continue\r\n\r\n"
    b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" + OK + b"Content-Length: 2\r\n\r\nok",
    "to be the last": OK + b"Connection: close\r\nContent-Length: 2\r\n\r\nok",
    "of HTTP/1.0 kept alive": b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n"
    b"Content-Length: 2\r\n\r\nok",
    "with bare line ends": b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
    "without a reason": b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n",
    "with a folded header": OK + b"X-Fold: a\r\n b\r\nContent-Length: 0\r\n\r\n",
}
ENDED_BY_CLOSING = {
    "of HTTP/1.0": b"HTTP/1.0 200 OK\r\n\r\nhello",
    "of HTTP/1.1": OK + b"\r\nhello",
    "in a coding of its own": OK + b"Transfer-Encoding: gzip\r\n\r\nhello",
}


CUTS = st.lists(st.integers(0, 400), max_size=8)


@pytest.mark.parametrize(("kind", "can_be_followed"), [
    ("with a length", True), ("chunked", True), ("without a body", True), ("not modified", True),
    ("after interim ones", True), ("to be the last", False), ("of HTTP/1.0 kept alive", True),
    ("with bare line ends", True), ("without a reason", True), ("with a folded header", True),
])  # fmt: skip
def test_an_answer_is_complete_with_its_last_byte(kind: str, can_be_followed: bool) -> None:
    seen = read(ANSWERS[kind])
    assert seen is not None
    assert (seen.is_complete, seen.can_be_followed) == (True, can_be_followed)
    for length in range(1, len(ANSWERS[kind])):
        assert read(ANSWERS[kind][:length]) is None


@given(st.sampled_from(sorted(ANSWERS)), CUTS)
def test_however_an_answer_is_cut_into_packets_it_says_the_same(kind: str, cuts: list[int]) -> None:
    assert read(*pieces(ANSWERS[kind], cuts)) == read(ANSWERS[kind])


@given(st.sampled_from(sorted(ENDED_BY_CLOSING)), CUTS)
def test_an_answer_that_ends_with_the_connection_is_whole_then_and_never_followed(
    kind: str, cuts: list[int]
) -> None:
    packets = pieces(ENDED_BY_CLOSING[kind], cuts)
    assert read(*packets) is None
    seen = read(*packets, ends=True)
    assert seen is not None
    assert (seen.body, seen.is_complete, seen.can_be_followed) == (b"hello", True, False)


@pytest.mark.parametrize("kind", ANSWERS)
def test_an_answer_of_known_length_is_not_whole_when_the_connection_ends_early(kind: str) -> None:
    whole = ANSWERS[kind]
    for length in range(1, len(whole)):
        assert read(whole[:length], ends=True) is None


@pytest.mark.parametrize("kind", ANSWERS)
@pytest.mark.parametrize(
    "surplus",
    [
        b"x",
        b"xyz",
        b"\r\n",
        b"\0",
        b"0\r\n\r\n",
        OK,
        b"HTTP/1.1 500 No\r\nX-Smuggled: 1\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 500 No\r\nX-Smuggled: 1\r\nContent-Length: 4\r\n\r\nevil",
        b"HTTP/1.1 500 No\r\nX-Smuggled: 1\r\nContent-Length: 4\r\n\r\nevil, and more",
    ],
)
def test_whatever_follows_an_answer_ends_the_use_of_its_connection(
    kind: str, surplus: bytes
) -> None:
    expected, seen = read(ANSWERS[kind]), read(ANSWERS[kind] + surplus)
    assert expected is not None
    assert seen is not None
    assert (seen.status, seen.headers, seen.body) == (
        expected.status,
        expected.headers,
        expected.body,
    )
    assert not seen.can_be_followed


@given(st.binary(min_size=1, max_size=600), CUTS)
def test_garbage_is_no_answer_or_not_one_yet(garbage: bytes, cuts: list[int]) -> None:
    try:
        seen = read(*pieces(garbage, cuts), ends=True)
    except NotHttp:
        return
    assert seen is None or seen.is_complete


@given(st.sampled_from(sorted(ANSWERS)), st.integers(0), st.binary(max_size=8), st.integers(0))
def test_an_answer_with_a_damaged_place_raises_nothing_else(
    kind: str, place: int, damage: bytes, cut: int
) -> None:
    whole = ANSWERS[kind]
    place %= len(whole)
    damaged = whole[:place] + damage + whole[place + len(damage) :]
    try:
        read(*pieces(damaged, [cut]), ends=True)
    except NotHttp:
        return


@pytest.mark.parametrize(
    "garbage",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"220 mail.example ESMTP\r\n",
        b"\x15\x03\x01\x00\x02\x02\x46",
        b"HTTP/3.0 200 OK\r\n\r\n",
        b"HTTP/2.0 200 OK\r\n\r\n",
        b"HTTP/0.9 200 OK\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"HTTP/1.1 99 OK\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n\0\0",
    ],
)
def test_what_is_no_answer_is_refused(garbage: bytes) -> None:
    with pytest.raises(NotHttp):
        read(garbage)


@pytest.mark.parametrize("cut", [0, 20, 25])
@pytest.mark.parametrize(
    "broken",
    [
        OK + b"Content-Length: x\r\n\r\n",
        OK + b"Content-Length: -1\r\n\r\n",
        OK + b"Content-Length: 99999999999999999999999\r\n\r\n",
        OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
        OK + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
        OK + b"X: a\0b\r\n\r\n",
        OK + b"No colon\r\n\r\n",
        OK + b"Spaced : x\r\n\r\n",
    ],
)
def test_a_status_that_was_read_is_the_answer_whatever_is_wrong_behind_it(
    broken: bytes, cut: int
) -> None:
    seen = read(*([broken[:cut], broken[cut:]] if cut else [broken]))
    assert seen is not None
    assert (seen.status, seen.is_complete, seen.can_be_followed) == (200, True, False)


def test_upgrading_is_no_answer_but_an_offer_of_it_is() -> None:
    seen = read(OK + b"Connection: Upgrade\r\nUpgrade: h2,h2c\r\nContent-Length: 2\r\n\r\nok")
    assert seen is not None
    assert (seen.status, seen.body) == (200, b"ok")


def test_of_headers_with_one_name_the_first_counts() -> None:
    seen = read(OK + b"Retry-After: 7\r\nRetry-After: 900\r\nContent-Length: 0\r\n\r\n")
    assert seen is not None
    assert seen.headers["Retry-After"] == "7"


def test_a_header_after_the_body_is_not_read() -> None:
    seen = read(OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\nRetry-After: 7\r\n\r\n")
    assert seen is not None
    assert "Retry-After" not in seen.headers


def test_a_header_in_no_known_encoding_is_kept_as_a_text_that_can_be_stored() -> None:
    seen = read(OK + b"X: \xff\xe9\r\nY: \xc3\xa9\r\nContent-Length: 0\r\n\r\n")
    assert seen is not None
    assert (seen.headers["X"], seen.headers["Y"]) == ("\ufffd\ufffd", "\xe9")


@pytest.mark.parametrize("framing", [b"Content-Length: 30000\r\n\r\n", b"\r\n"])
def test_at_the_limit_the_answer_has_come_and_the_rest_is_not_waited_for(framing: bytes) -> None:
    assert read(OK + framing + b"x" * 19_999) is None
    seen = read(OK + framing + b"x" * 20_000)
    assert seen is not None
    assert (len(seen.body), seen.is_complete, seen.can_be_followed) == (20_000, False, False)


def test_a_body_of_exactly_the_limit_is_complete() -> None:
    seen = read(OK + b"Content-Length: 20000\r\n\r\n" + b"x" * 20_000)
    assert seen is not None
    assert (len(seen.body), seen.is_complete, seen.can_be_followed) == (20_000, True, True)


def test_a_larger_body_that_came_as_a_whole_is_cut_and_leaves_the_connection_clean() -> None:
    seen = read(OK + b"Content-Length: 30000\r\n\r\n" + b"x" * 30_000)
    assert seen is not None
    assert (len(seen.body), seen.is_complete, seen.can_be_followed) == (20_000, True, True)


def test_a_body_may_be_larger_than_a_head() -> None:
    parts = [b"x" * 10_000] * 50
    seen = read(OK + b"Content-Length: 500000\r\n\r\n", *parts, limit=1_000_000)
    assert seen is not None
    assert (len(seen.body), seen.can_be_followed) == (500_000, True)


def test_of_an_answer_to_head_the_headers_are_all() -> None:
    seen = read(OK + b"Content-Length: 5\r\n\r\n", limit=0)
    assert seen is not None
    assert (seen.status, seen.body, seen.can_be_followed) == (200, b"", False)


def fields(count: int, size: int) -> bytes:
    return b"".join(b"X-%02d: %s\r\n" % (n, b"v" * (size - 4)) for n in range(count))


END = b"Content-Length: 0\r\n\r\n"


@pytest.mark.parametrize("packet", [1_000, 65_536, 10**9])
@pytest.mark.parametrize(
    ("head", "is_allowed"),
    [
        (OK + fields(MAX_FIELDS - 1, 10) + END, True),
        (OK + fields(MAX_FIELDS, 10) + END, False),
        (OK + fields(1, MAX_FIELD_BYTES) + END, True),
        (OK + fields(1, MAX_FIELD_BYTES + 1) + END, False),
        (OK + fields(7, 8_000) + END, True),
        (OK + fields(MAX_BLOCK_BYTES // 8_000 + 1, 8_000) + END, False),
        (b"HTTP/1.1 200 " + b"O" * MAX_FIELD_BYTES + b"\r\n" + END, True),
        (b"HTTP/1.1 200 " + b"O" * (MAX_FIELD_BYTES + 1) + b"\r\n" + END, False),
        (b"HTTP/1.1 103 \r\n\r\n" * MAX_INTERIM + OK + END, True),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + fields(70, 10) + b"\r\n", False),
    ],
)
def test_the_limits_of_a_head_are_where_they_are_said_to_be(
    head: bytes, is_allowed: bool, packet: int
) -> None:
    packets = [head[start : start + packet] for start in range(0, len(head), packet)]
    seen = read(*packets)
    assert seen is not None
    assert seen.status == 200
    assert seen.can_be_followed is is_allowed


@pytest.mark.parametrize(
    ("first", "again"),
    [
        (OK + b"X: ", b" " * 1_000),
        (OK + b"X: ", b"x" * 1_000),
        (OK + b"X", b"x" * 1_000),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n1;", b"x" * 1_000),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: ", b"x" * 1_000),
    ],
)
def test_what_never_comes_to_an_end_is_given_up_after_a_bounded_number_of_bytes(
    first: bytes, again: bytes
) -> None:
    seen = read(first + again, *[again] * 200)
    assert seen is not None
    assert (seen.status, seen.can_be_followed) == (200, False)


@pytest.mark.parametrize(
    "endless", [b"\r\n" * 100_000, b"HTTP/1.1 103 \r\n\r\n" * (MAX_INTERIM + 1) + OK + END]
)
def test_what_has_no_status_within_bounds_is_no_answer(endless: bytes) -> None:
    with pytest.raises(NotHttp):
        read(endless)


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        (b"timeout=5", 5),
        (b"timeout=5, max=1000", 5),
        (b"max=1000,timeout=5", 5),
        (b'timeout="5"', 5),
        (b"TIMEOUT = 5", 5),
        (b"timeout=0", 0),
        (b"", None),
        (b"timeout=", None),
        (b"timeout=-1", None),
        (b"notimeout=5", None),
        (b"timeout=" + b"9" * 7_000, None),
    ],
)
def test_how_long_a_server_keeps_the_connection_is_read(said: bytes, seconds: float | None) -> None:
    answer = Answer(LIMIT)
    answer.feed(memoryview(b"HTTP/1.1 204 No Content\r\nkeep-ALIVE: " + said + b"\r\nX: 1\r\n\r\n"))
    assert answer.kept_for == seconds
