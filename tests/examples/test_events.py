"""The file of events: that it is what the generator writes, and what a wrong line is told."""

from collections import Counter
from pathlib import Path
from random import Random

import pytest

from examples.demo.arguments import EVENTS_FILE
from examples.payments.event import InvalidEventFile, read_events
from examples.payments.generate import generate


def test_the_file_is_what_the_generator_writes() -> None:
    events = generate(480, Random(2026))
    written = [event.model_dump_json(exclude_none=True) for event in events]
    assert EVENTS_FILE.read_text("utf-8").splitlines() == written


def test_it_has_a_thousand_events_of_every_kind() -> None:
    kinds = Counter(event.type for event in read_events(EVENTS_FILE))
    assert kinds.total() >= 1000
    assert len(kinds) == 4
    assert min(kinds.values()) >= 40


def test_some_codes_come_too_late_and_some_have_no_time() -> None:
    lives = [event.challenge.valid_for for event in read_events(EVENTS_FILE) if event.challenge]
    assert min(lives) < 0 < min(life for life in lives if life > 0) < 0.01
    assert max(lives) == 600


def test_only_so_many_events_are_read_as_are_asked_for() -> None:
    assert len(read_events(EVENTS_FILE, 17)) == 17


def test_a_wrong_line_is_named_with_its_field(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    first = EVENTS_FILE.read_text("utf-8").splitlines()[0]
    path.write_text(f"{first}\n{first.replace('payment.', 'paymnt.')}\n", encoding="utf-8")
    with pytest.raises(InvalidEventFile, match=r"events\.jsonl, line 2: type: Input should be"):
        read_events(path)


def test_a_line_that_is_not_json_is_named(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    path.write_text("\nnonsense\n")
    with pytest.raises(InvalidEventFile, match="line 2: the line: Invalid JSON"):
        read_events(path)


def test_a_merchant_that_nobody_knows_is_named_with_those_that_are_known(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    first = EVENTS_FILE.read_text("utf-8").splitlines()[0]
    merchant = read_events(EVENTS_FILE, 1)[0].merchant
    path.write_text(first.replace(merchant, "nobody"), encoding="utf-8")
    with pytest.raises(InvalidEventFile, match=r"line 1: merchant: .* is none of aurora-bikes, "):
        read_events(path)
