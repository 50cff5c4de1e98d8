"""The demo's receivers: real servers that count, verify and fail as planned."""

import json
import smtplib
import urllib.error
import urllib.request
from datetime import UTC, datetime
from email.message import EmailMessage
from urllib.parse import urlencode

import pytest

from examples.demo.behaviour import DOWN, FLAKY, SLOW, Answer, merchant_answer
from examples.demo.receivers import Receivers
from examples.demo.sms_gateway import ACCOUNT
from notifications.sending.standard_webhooks.signing import generate_secret, signed_headers


def send_mail(receivers: Receivers, to: str, message_id: str = "m1") -> None:
    mail = EmailMessage()
    mail["Message-ID"] = f"<{message_id}@pay.example>"
    mail.set_content("Your code is 7GQ4KM2X")
    with smtplib.SMTP("127.0.0.1", receivers.mail.port, timeout=5) as client:
        client.send_message(mail, "no-reply@pay.example", [to])


def post(
    receivers: Receivers, merchant: str, event_id: str, secret: str, *, timeout: float = 5
) -> int:
    document = {"type": "payment.succeeded", "data": {"event": event_id}}
    body = json.dumps(document).encode()
    headers = signed_headers(body, message_id="msg_w1", sent_at=datetime.now(UTC), secrets=[secret])
    request = urllib.request.Request(receivers.merchants.urls()[merchant], body, headers)
    try:
        with urllib.request.urlopen(request, timeout=timeout) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def event_that(merchant: str, answer: Answer) -> str:
    return next(
        f"evt_{n}"
        for n in range(1000)
        if merchant_answer(merchant, f"evt_{n}", "payment.succeeded", 1) is answer
    )


def test_a_mail_is_counted_and_kept(receivers: Receivers) -> None:
    send_mail(receivers, "ada@example.com")
    assert receivers.mail.ledger.messages["m1"].accepted == 1
    assert receivers.mail.ledger.texts["m1"].strip() == "Your code is 7GQ4KM2X"


def test_a_greylisted_mail_is_taken_the_second_time(receivers: Receivers) -> None:
    with pytest.raises(smtplib.SMTPDataError, match="Greylisted"):
        send_mail(receivers, "ada@greylist.example")
    send_mail(receivers, "ada@greylist.example")
    tally = receivers.mail.ledger.messages["m1"]
    assert (tally.refused, tally.accepted) == (1, 1)


def test_a_closed_mailbox_refuses_for_good(receivers: Receivers) -> None:
    for _ in range(2):
        with pytest.raises(smtplib.SMTPDataError, match="550"):
            send_mail(receivers, "closed.ada@example.com")
    assert receivers.mail.ledger.messages["m1"].refused == 2
    assert not receivers.mail.ledger.texts


def test_a_flaky_merchant_fails_first(receivers: Receivers) -> None:
    secret = generate_secret()
    receivers.merchants.trust({FLAKY: secret})
    event_id = event_that(FLAKY, Answer.FAIL)
    answers = [post(receivers, FLAKY, event_id, secret) for _ in range(3)]
    assert answers[0] == 500
    assert answers[-1] == 200
    tally = receivers.merchants.ledger.messages["w1"]
    assert (tally.requests, tally.refused) == (3, answers.count(500))


def test_a_slow_merchant_takes_the_message_and_does_not_answer(receivers: Receivers) -> None:
    secret = generate_secret()
    receivers.merchants.trust({SLOW: secret})
    event_id = event_that(SLOW, Answer.HANG)
    with pytest.raises(TimeoutError):
        post(receivers, SLOW, event_id, secret, timeout=0.3)
    assert post(receivers, SLOW, event_id, secret) == 200
    tally = receivers.merchants.ledger.messages["w1"]
    assert (tally.unanswered, tally.accepted, tally.arrivals) == (1, 1, 2)


def test_a_wrong_signature_is_refused_and_counted(receivers: Receivers) -> None:
    receivers.merchants.trust({"aurora-bikes": generate_secret()})
    assert post(receivers, "aurora-bikes", "evt_1", generate_secret()) == 401
    assert receivers.merchants.ledger.bad_signatures == 1


def test_the_merchant_that_is_down_refuses_connections(receivers: Receivers) -> None:
    with pytest.raises(urllib.error.URLError) as caught:
        post(receivers, DOWN, "evt_1", generate_secret())
    assert isinstance(caught.value.reason, ConnectionRefusedError)


def send_sms(receivers: Receivers, number: str) -> tuple[int, dict[str, object]]:
    form = urlencode({"To": number, "From": "Pay", "Body": "7GQ4KM2X"}).encode()
    url = f"{receivers.sms.url}/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    try:
        with urllib.request.urlopen(url, form, timeout=5) as response:
            return int(response.status), json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_an_sms_is_counted_and_kept(receivers: Receivers) -> None:
    status, answer = send_sms(receivers, "+4915100001002")
    assert (status, answer["status"]) == (201, "queued")
    assert receivers.sms.ledger.messages["+4915100001002"].accepted == 1
    assert receivers.sms.ledger.texts == {"+4915100001002": "7GQ4KM2X"}


def test_a_number_that_is_no_mobile_one_is_refused_for_good(receivers: Receivers) -> None:
    answers = [send_sms(receivers, "+4915100001005") for _ in range(2)]
    assert answers == [(400, {"code": 21614})] * 2
    assert receivers.sms.ledger.messages["+4915100001005"].refused == 2
    assert not receivers.sms.ledger.texts


def test_a_phone_that_is_off_gets_its_sms_the_second_time(receivers: Receivers) -> None:
    answers = [send_sms(receivers, "+4915100001001")[0] for _ in range(2)]
    assert answers == [503, 201]
