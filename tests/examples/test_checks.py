"""The demo's checks find what does not add up."""

from collections.abc import Sequence

from examples.demo import checks
from examples.demo.counts import Message
from examples.demo.ledger import Ledger, Tally


def message(number: int, **more: object) -> Message:
    values: dict[str, object] = {
        "id": number,
        "category": "webhook",
        "state": "sent",
        "message_id": f"m{number}",
        "latency": 0.1,
        "heard": 1,
        "unheard": 0,
        "tries": 1,
        "dead_letters": 0,
        **more,
    }
    return Message(**values)  # type: ignore[arg-type]


def ledger(**tallies: Tally) -> Ledger:
    return Ledger(messages=dict(tallies))


def complaints(messages: Sequence[Message], books: Ledger) -> list[str]:
    known = {one.message_id for one in messages if one.message_id}
    found = checks.compare("Webhooks", messages, books, known)
    return [check.text for check in found if not check.holds]


def test_books_that_agree_are_fine() -> None:
    messages = [message(1), message(2, heard=2, tries=2), message(3, state="expired", heard=0)]
    books = ledger(m1=Tally(accepted=1), m2=Tally(accepted=1, refused=1))
    assert complaints(messages, books) == []


def test_a_delivery_that_never_arrived_is_found() -> None:
    [first, second] = complaints([message(1)], ledger())
    assert "notifications [1] count as delivered and did not arrive (1)" in first
    assert "the receivers saw 0" in second


def test_an_arrival_that_does_not_count_is_found() -> None:
    books = ledger(m1=Tally(accepted=1))
    [complaint] = complaints([message(1, state="failed", dead_letters=1)], books)
    assert "[1] arrived and do not count (1)" in complaint


def test_an_arrival_after_an_unanswered_try_is_explained() -> None:
    one = message(1, state="failed", heard=0, unheard=1, dead_letters=1)
    assert complaints([one], ledger(m1=Tally(unanswered=1))) == []


def test_a_message_that_arrived_twice_without_a_reason_is_found() -> None:
    one = message(1, heard=2, tries=2)
    [complaint] = complaints([one], ledger(m1=Tally(accepted=2)))
    assert "notifications [1] arrived twice without a reason" in complaint


def test_a_message_that_arrived_again_after_a_time_out_is_explained() -> None:
    one = message(1, unheard=1, tries=2)
    assert complaints([one], ledger(m1=Tally(unanswered=1, accepted=1))) == []


def test_an_attempt_that_is_not_on_record_is_found() -> None:
    books = ledger(m1=Tally(accepted=1, refused=1))
    [complaint] = complaints([message(1)], books)
    assert complaint == "Webhooks: 1 attempts were answered; the receivers saw 2"


def test_a_message_from_nowhere_is_found() -> None:
    books = ledger(m1=Tally(accepted=1), x9=Tally(accepted=1))
    [complaint] = complaints([message(1)], books)
    assert complaint == "Webhooks: 1 messages arrived that the database lacks"


def test_a_failure_without_its_dead_letter_is_found() -> None:
    check = checks.check_dead_letters([message(1, state="failed"), message(2, dead_letters=1)])
    assert not check.holds
    assert "1 (failed, 0), 2 (sent, 1)" in check.text


def test_a_wrong_signature_is_found() -> None:
    books = ledger(m1=Tally(accepted=3))
    assert checks.check_signatures(books).holds
    books.bad_signatures = 1
    assert checks.check_signatures(books).text == "1 of 3 signatures are wrong"
