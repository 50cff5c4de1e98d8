"""TLS: whom we believe to be who they say they are."""

import datetime as dt
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from notifications.sending.outgoing.fetch import ExchangeFailed, Failure, post
from notifications.sending.outgoing.tls import tls_context
from tests.notifications.conftest import Install
from tests.support.talkative_server import OK, always, running

pytestmark = [
    pytest.mark.usefixtures("closing_session", "allow_loopback"),
    pytest.mark.guarantee(n=5),
]

LONG_AGO = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)


@pytest.fixture
def authority(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: Install
) -> Iterator[trustme.CA]:
    """Give an authority of certificates that this process knows, and let all names lead here."""
    made = trustme.CA()
    made.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))

    names(lambda _: ["127.0.0.1"])
    tls_context.cache_clear()
    yield made
    tls_context.cache_clear()


class Asked:
    """The names that clients asked for, and the protocols that were agreed on."""

    def __init__(self) -> None:
        self.names: list[str | None] = []


def server_context(certificate: trustme.LeafCert, asked: Asked | None = None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    context.set_alpn_protocols(["h2", "http/1.1"])
    if asked is not None:
        context.sni_callback = lambda _socket, name, _context: asked.names.append(name)
    return context


async def test_a_receiver_that_proves_its_name_is_sent_to_over_one_connection(
    authority: trustme.CA,
) -> None:
    asked = Asked()
    context = server_context(authority.issue_cert("merchant.example"), asked)
    async with running(always(OK), context=context) as server:
        for _ in range(3):
            response = await post(f"https://merchant.example:{server.port}/", b"{}", {})
            assert response.body == b"ok"
        assert server.requests == [3]
        tls = server.visits[0].writer.get_extra_info("ssl_object")
        assert tls.selected_alpn_protocol() == "http/1.1"
    assert asked.names == ["merchant.example"]


async def test_a_dot_at_the_end_of_a_name_is_no_part_of_it(authority: trustme.CA) -> None:
    asked = Asked()
    context = server_context(authority.issue_cert("merchant.example"), asked)
    async with running(always(OK), context=context) as server:
        response = await post(f"https://merchant.example.:{server.port}/", b"{}", {})
    assert response.status == 200
    assert asked.names == ["merchant.example"]


async def test_an_address_is_proved_by_a_certificate_for_it(authority: trustme.CA) -> None:
    context = server_context(authority.issue_cert("127.0.0.1"))
    async with running(always(OK), context=context) as server:
        assert (await post(f"https://127.0.0.1:{server.port}/", b"{}", {})).status == 200


async def refused(context: ssl.SSLContext, problem: str) -> None:
    async with running(always(OK), context=context) as server:
        with pytest.raises(ExchangeFailed, match=rf"^no connection: {problem}$") as failed:
            await post(f"https://merchant.example:{server.port}/", b"secret", {})
        assert server.requests == []
    assert failed.value.failure is Failure.NOT_SENT


async def test_a_certificate_for_another_name_is_refused(authority: trustme.CA) -> None:
    certificate = authority.issue_cert("other.example")
    await refused(server_context(certificate), r"TLS failed \(SSLCertVerificationError\)")


async def test_an_expired_certificate_is_refused(authority: trustme.CA) -> None:
    certificate = authority.issue_cert(
        "merchant.example", not_before=LONG_AGO, not_after=LONG_AGO + dt.timedelta(days=90)
    )
    await refused(server_context(certificate), r"TLS failed \(SSLCertVerificationError\)")


async def test_a_certificate_of_an_unknown_authority_is_refused(authority: trustme.CA) -> None:
    certificate = trustme.CA().issue_cert("merchant.example")
    await refused(server_context(certificate), r"TLS failed \(SSLCertVerificationError\)")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
async def test_an_outdated_version_of_tls_is_refused(authority: trustme.CA) -> None:
    context = server_context(authority.issue_cert("merchant.example"))
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    assert tls_context().minimum_version is ssl.TLSVersion.TLSv1_2
    await refused(context, r"(TLS failed \(SSLError\)|ConnectionResetError)")


async def test_a_server_that_does_not_speak_tls_is_refused(authority: trustme.CA) -> None:
    async with running(always(OK), unread=b"HTTP/1.1 400 Bad Request\r\n\r\n") as server:
        with pytest.raises(ExchangeFailed, match=r"^no connection: TLS failed") as failed:
            await post(f"https://merchant.example:{server.port}/", b"secret", {})
    assert failed.value.failure is Failure.NOT_SENT


async def test_connections_with_and_without_tls_are_not_confused(authority: trustme.CA) -> None:
    context = server_context(authority.issue_cert("merchant.example"))
    async with running(always(OK), context=context) as server:
        await post(f"https://merchant.example:{server.port}/", b"{}", {})
        with pytest.raises(ExchangeFailed):
            await post(f"http://merchant.example:{server.port}/", b"{}", {}, seconds=2)
        assert server.requests == [1]
