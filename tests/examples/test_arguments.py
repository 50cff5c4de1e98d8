"""The demo's command line refuses what it cannot do."""

import pytest

from examples.demo.arguments import EVENTS_FILE, parse


def test_without_arguments_the_whole_file_is_announced() -> None:
    options = parse([])
    assert (options.file, options.events, options.exit) == (EVENTS_FILE, None, False)


@pytest.mark.parametrize("number", ["0", "-3", "many", "1.5"])
def test_a_number_of_events_that_is_none_is_refused(
    number: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        parse([f"--events={number}"])
    assert caught.value.code == 2
    assert "must be a whole number from 1 up" in capsys.readouterr().err


def test_a_file_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parse(["--file", "nowhere.jsonl"])
    assert "there is no file 'nowhere.jsonl'" in capsys.readouterr().err
