"""The demo's checks find what does not add up."""

from collections.abc import Sequence

from examples.demo import checks
from examples.demo.counts import Delivery
from examples.demo.ledger import Ledger, Tally
from examples.demo.summary import summarise
from tests.examples.test_summary import message


def delivery(number: int, **more: object) -> Delivery:
    values: dict[str, object] = {
        "id": number,
        "kind": "webhook",
        "channel": "webhook",
        "address": "http://127.0.0.1:9/aurora-bikes",
        "identity": f"m{number}",
        "notification": number,
        "state": "sent",
        "heard": 1,
        "unheard": 0,
        "dead_letters": 0,
        **more,
    }
    return Delivery(**values)  # type: ignore[arg-type]


def ledger(**tallies: Tally) -> Ledger:
    return Ledger(messages=dict(tallies))


def complaints(deliveries: Sequence[Delivery], books: Ledger) -> list[str]:
    known = {one.identity for one in deliveries}
    found = checks.compare("Webhooks", deliveries, books, known)
    return [check.text for check in found if not check.holds]


def test_books_that_agree_are_fine() -> None:
    deliveries = [delivery(1), delivery(2, heard=2), delivery(3, state="expired", heard=0)]
    books = ledger(m1=Tally(accepted=1), m2=Tally(accepted=1, refused=1))
    assert complaints(deliveries, books) == []


def test_a_delivery_that_never_arrived_is_found() -> None:
    [first, second] = complaints([delivery(1)], ledger())
    assert "notifications [1] count as delivered and did not arrive (1)" in first
    assert "the receivers saw 0" in second


def test_an_arrival_that_does_not_count_is_found() -> None:
    books = ledger(m1=Tally(accepted=1))
    [complaint] = complaints([delivery(1, state="failed", dead_letters=1)], books)
    assert "[1] arrived and do not count (1)" in complaint


def test_an_arrival_after_an_unanswered_try_is_explained() -> None:
    one = delivery(1, state="failed", heard=0, unheard=1, dead_letters=1)
    assert complaints([one], ledger(m1=Tally(unanswered=1))) == []


def test_a_message_that_arrived_twice_without_a_reason_is_found() -> None:
    one = delivery(1, heard=2)
    [complaint] = complaints([one], ledger(m1=Tally(accepted=2)))
    assert "notifications [1] arrived twice without a reason" in complaint


def test_a_message_that_arrived_again_after_a_time_out_is_explained() -> None:
    one = delivery(1, unheard=1)
    assert complaints([one], ledger(m1=Tally(unanswered=1, accepted=1))) == []


def test_an_attempt_that_is_not_on_record_is_found() -> None:
    books = ledger(m1=Tally(accepted=1, refused=1))
    [complaint] = complaints([delivery(1)], books)
    assert complaint == "Webhooks: 1 attempts were answered; the receivers saw 2"


def test_a_message_from_nowhere_is_found() -> None:
    books = ledger(m1=Tally(accepted=1), x9=Tally(accepted=1))
    [complaint] = complaints([delivery(1)], books)
    assert complaint == "Webhooks: 1 messages arrived that the database lacks"


def test_a_failure_without_its_dead_letter_is_found() -> None:
    check = checks.check_dead_letters([delivery(1, state="failed"), delivery(2, dead_letters=1)])
    assert not check.holds
    assert "1 (failed, 0), 2 (sent, 1)" in check.text


def test_a_wrong_signature_is_found() -> None:
    books = ledger(m1=Tally(accepted=3))
    assert checks.check_signatures(books).holds
    books.bad_signatures = 1
    assert checks.check_signatures(books).text == "1 of 3 signatures are wrong"


def test_a_message_that_is_in_no_column_is_found() -> None:
    messages = [message(1), message(2, state="held"), message(3, state="suppressed")]
    asked = {"webhook": 3}
    assert checks.check_accounts(summarise(messages, [], asked)).holds
    check = checks.check_accounts(summarise(messages, [], {"webhook": 4}))
    assert check.text == "The lines do not add up: Webhooks: 4 asked for, 3 accounted for"
    lost = checks.check_accounts(
        summarise([*messages[:2], message(3, state="in_progress")], [], asked)
    )
    assert not lost.holds


def test_a_message_that_nobody_asked_for_is_found() -> None:
    check = checks.check_accounts(summarise([message(1), message(2)], [], {"webhook": 1}))
    assert check.text == "The lines do not add up: Webhooks: 1 asked for, 2 accounted for"
