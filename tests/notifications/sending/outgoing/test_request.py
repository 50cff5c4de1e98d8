"""What is sent, to the byte, and what cannot be."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict
from pytest_django import Settings

from notifications.sending.outgoing.connecting import NOWHERE
from notifications.sending.outgoing.fetch import ExchangeFailed, Failure, exchange, post
from notifications.sending.outgoing.guard import check_url
from notifications.sending.outgoing.request import InvalidRequest, request_bytes
from tests.support.talkative_server import OK, always, running

pytestmark = pytest.mark.guarantee(n=5)

URL = "https://example.com/a%20b?c=d#e"


def test_a_request_is_what_it_should_be_to_the_byte() -> None:
    assert request_bytes("POST", check_url(URL), b"{}", {"X-A": "b"}) == (
        b"POST /a%20b?c=d HTTP/1.1\r\nHost: example.com\r\nX-A: b\r\nAccept: */*\r\n"
        b"Accept-Encoding: identity\r\nContent-Length: 2\r\n\r\n{}"
    )


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://example.com/", b"example.com"),
        ("https://example.com:443/", b"example.com"),
        ("https://example.com:8443/", b"example.com:8443"),
        ("https://EXAMPLE.com./", b"example.com"),
        ("https://[2606:4700::1111]/", b"[2606:4700::1111]"),
        ("https://[2606:4700::1111]:8443/", b"[2606:4700::1111]:8443"),
        ("https://b\u00fccher.example/", b"xn--bcher-kva.example"),
    ],
)
def test_the_host_is_named_with_its_port_unless_that_goes_without_saying(
    settings: Settings, url: str, host: bytes
) -> None:
    settings.BELLRINGER = {"OUTGOING_PORTS": [443, 8443]}
    assert b"\r\nHost: " + host + b"\r\n" in request_bytes("GET", check_url(url), None, {})


@pytest.mark.parametrize(
    ("method", "body", "length"),
    [
        ("POST", None, b"0"), ("PUT", None, b"0"), ("PATCH", None, b"0"), ("DELETE", None, b"0"),
        ("POST", b"", b"0"), ("GET", b"ab", b"2"), ("GET", None, None), ("HEAD", None, None),
    ],
)  # fmt: skip
def test_the_length_of_a_body_is_told_where_one_is_expected(
    method: str, body: bytes | None, length: bytes | None
) -> None:
    sent = request_bytes(method, check_url(URL), body, {})
    if length is None:
        assert b"Content-Length" not in sent
    else:
        assert b"\r\nContent-Length: " + length + b"\r\n" in sent


def test_several_headers_of_one_name_are_all_sent() -> None:
    given = CIMultiDict([("X-A", "1"), ("x-a", "2")])
    assert b"\r\nX-A: 1\r\nx-a: 2\r\n" in request_bytes("POST", check_url(URL), b"", given)


def test_what_the_caller_accepts_goes_before_what_we_would() -> None:
    sent = request_bytes(
        "GET", check_url(URL), None, {"accept": "text/csv", "ACCEPT-encoding": "x"}
    )
    assert b"*/*" not in sent
    assert b"identity" not in sent


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X", "a\r\nX-Injected: 1"),
        ("X", "a\nX-Injected: 1"),
        ("X", "a\rX-Injected: 1"),
        ("X", "a\0"),
        ("X", "a\x7f"),
        ("X", "a\x1b[31m"),
        ("X", "\udc80"),
        ("X\r\nX-Injected", "1"),
        ("X-Injected: 1\r\nX", "1"),
        ("X Y", "1"),
        ("X:", "1"),
        ("", "1"),
        ("\u00e9", "1"),
        ("X\n", "1"),
        ("Host", "evil.example"),
        ("CONTENT-LENGTH", "1"),
        ("transfer-encoding", "chunked"),
        ("Connection", "close"),
        ("Upgrade", "h2c"),
    ],
)
@pytest.mark.usefixtures("closing_session", "allow_loopback")
async def test_a_header_that_cannot_be_sent_is_refused_before_anything_is(
    name: str, value: str
) -> None:
    async with running(always(OK)) as server:
        with pytest.raises(ExchangeFailed, match="header") as refused:
            await post(server.url, b"", {name: value})
        assert server.visits == []
    assert refused.value.failure is Failure.REFUSED
    assert "evil" not in str(refused.value)


@pytest.mark.parametrize("method", ["PO ST", "POST\r\nX: 1", "", "CONNECT", "POST /x HTTP/1.1"])
@pytest.mark.usefixtures("closing_session", "allow_loopback")
async def test_what_is_no_method_is_refused(method: str) -> None:
    async with running(always(OK)) as server:
        with pytest.raises(ExchangeFailed, match="no method") as refused:
            await exchange(method, server.url, b"", {}, seconds=5)
        assert server.visits == []
    assert refused.value.failure is Failure.REFUSED


@given(st.dictionaries(st.text(max_size=8), st.text(max_size=30), max_size=4))
def test_no_header_makes_more_lines_than_it_should(headers: dict[str, str]) -> None:
    try:
        sent = request_bytes("POST", check_url(URL), b"", headers)
    except InvalidRequest:
        return
    lines = sent.split(b"\r\n")
    ours = 5 - len({"accept", "accept-encoding"} & {name.lower() for name in headers})
    assert len(lines) == ours + len(headers) + 2
    assert sent.count(b"\n") == sent.count(b"\r") == len(lines) - 1


@pytest.mark.parametrize("host", ["a..b", "a" * 70 + ".com", ".com"])
@pytest.mark.usefixtures("closing_session", "allow_loopback")
async def test_a_name_that_nobody_can_have_does_not_resolve(host: str) -> None:
    with pytest.raises(ExchangeFailed, match=NOWHERE) as failed:
        await post(f"http://{host}/", b"", {})
    assert failed.value.failure is Failure.NOT_SENT


@pytest.mark.usefixtures("closing_session")
async def test_a_receiver_is_reached_by_ipv6(allow_loopback: dict[str, Any]) -> None:
    allow_loopback["OUTGOING_ALLOWED_NETWORKS"] = ["::1/128"]
    async with running(always(OK), host="::1") as server:
        assert (await post(f"http://[::1]:{server.port}/", b"", {})).status == 200
        [visit] = server.visits
        assert f"\r\nHost: [::1]:{server.port}\r\n".encode() in visit.requests[0]
