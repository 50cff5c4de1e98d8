"""The commands for recipients, the suppression list and sources of events."""

import json
from pathlib import Path

import pytest
from django.core.management import CommandError

from notifications.api import suppress, suppressions_of
from notifications.models import Category, EventSource, Recipient, Suppression
from notifications.sending.standard_webhooks.secrets import live_secrets
from tasks_core import clock
from tests.commands.conftest import Rows, Run

pytestmark = pytest.mark.django_db


def objects(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


def test_a_recipient_is_saved_and_shown(run: Run) -> None:
    run("save_recipient", "user-17", "--email", "ada@example.com", "--timezone", "Europe/Berlin")
    answer = run("save_recipient", "user-17", "--quiet-hours", "off", "--format", "json")
    [shown] = objects(answer.out)
    assert (shown["addresses"], shown["quiet_hours"]) == (["email: ada@example.com"], "off")
    assert Recipient.objects.get().timezone == "Europe/Berlin"


def test_a_category_is_saved_and_what_was_said_of_it_taken_back(run: Run) -> None:
    run("save_category", "news", "--name", "News", "--row-retention-days", "30")
    answer = run(
        "save_category", "news.sport", "--parent", "news", "--critical", "--row-retention-days", "7",
        "--default-channels", "email,sms", "--quiet-hours", "drop", "--format", "json",
    )  # fmt: skip
    [shown] = objects(answer.out)
    assert (shown["parent"], shown["is_critical"], shown["quiet_hours"]) == ("news", True, "drop")
    assert (shown["row_retention_days"], shown["default_channels"]) == (7, ["email", "sms"])
    answer = run(
        "save_category", "news.sport", "--no-critical", "--row-retention-days", "inherit",
        "--format", "json",
    )  # fmt: skip
    [shown] = objects(answer.out)
    assert (shown["row_retention_days"], shown["is_critical"]) == (None, False)
    assert (shown["parent"], shown["quiet_hours"]) == ("news", "drop")
    assert Category.objects.get(key="news").row_retention_days == 30


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("save_recipient", "ada@example.com"), "key: looks like an address"),
        (("save_recipient", "user-17", "--timezone", "Berlin"), "timezone: is no IANA time zone"),
        (("suppress_address", "ada"), "address: is not a mail address"),
        (("suppress_address", "030", "--channel", "sms"), "address: is no phone number"),
        (("unsuppress_address", "ada@example.com"), "no such entry is on the list"),
        (("create_event_source", "Acme!"), "name: use up to 50"),
        (("save_category", "News"), "key: use up to 64"),
        (("save_category", "news", "--parent", "olds"), "parent: there is no category 'olds'"),
        (
            ("save_category", "news", "--row-retention-days", "never"),
            "'never' is no number of days",
        ),
        (("import_suppressions", "nowhere.csv"), "nowhere.csv cannot be read: No such file"),
    ],
)
def test_bad_input_is_explained_and_leaves_no_row(
    run: Run, rows: Rows, words: tuple[str, ...], complaint: str
) -> None:
    suppressions_of("email", "ada@example.com")  # makes the key of the hashes
    before = rows()
    with pytest.raises(CommandError, match=complaint):
        run(*words)
    assert rows() == before


def test_an_address_is_put_on_the_list_and_taken_off(run: Run) -> None:
    answer = run(
        "suppress_address", "Ada@example.com", "--reason", "complaint", "--category", "news",
        "--expires-at", "2099-01-01T00:00Z", "--format", "json",
    )  # fmt: skip
    [shown] = objects(answer.out)
    assert (shown["reason"], shown["category"]) == ("complaint", "news")
    assert shown["expires_at"] == "2099-01-01T00:00:00+00:00"
    assert "ada@" not in answer.out.lower()
    assert run("unsuppress_address", "ada@example.com").lines == ["1\tentries removed"]
    assert suppressions_of("email", "ada@example.com") == []


def test_the_list_is_shown_in_pages_and_filtered(run: Run) -> None:
    for number in range(5):
        suppress("email", f"u{number}@example.com", reason="complaint" if number else "manual")
    suppress("email", "old@example.com", expires_at=clock.now())
    listed = objects(run("list_suppressions", "--limit", "3", "--format", "json").out)
    keys = [int(str(row["id"])) for row in listed]
    rest = objects(run("list_suppressions", "--after", str(keys[-1]), "--format", "json").out)
    assert keys == sorted(keys, reverse=True)
    assert len(rest) == 2
    assert len(objects(run("list_suppressions", "--reason", "manual", "--format", "json").out)) == 1
    assert len(objects(run("list_suppressions", "--expired", "--format", "json").out)) == 6
    found = objects(run("list_suppressions", "--address", "U1@example.com", "--format", "json").out)
    assert [row["reason"] for row in found] == ["complaint"]


def test_a_file_is_imported_line_by_line_and_again(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    lines = [f"u{number}@example.com,," for number in range(2_500)]
    file.write_text(
        "\ufeffaddress,reason,expires_at\n" + "\n".join(lines) + "\nU7@EXAMPLE.com,,\n"
        "bob@example.com,complaint,2099-01-01T00:00Z\n",
        encoding="utf-8",
    )
    answer = run(
        "import_suppressions", str(file), "--reason", "hard_bounce", "--source", "old list"
    )
    assert answer.lines == ["2502\tread", "2501\tstored"]
    assert Suppression.objects.filter(reason="hard_bounce", source="old list").count() == 2_500
    [entry] = suppressions_of("email", "bob@example.com")
    assert entry.expires_at is not None
    again = run("import_suppressions", str(file), "--reason", "hard_bounce")
    assert Suppression.objects.count() == 2_501
    assert again.lines[0] == "2502\tread"


def test_wrong_lines_are_named_without_quoting_them_and_the_others_stored(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "list.csv"
    file.write_text(
        "address,channel,reason\nada@example.com,,\nnonsense,,\n+49 30 123456,sms,\n"
        "eve@example.com,,spite\na@b.example,,,,too,many\n"
    )
    with pytest.raises(CommandError, match="3 lines were refused; the others are stored"):
        run("import_suppressions", str(file))
    assert Suppression.objects.count() == 2
    assert len(suppressions_of("sms", "+4930123456")) == 1


def test_a_file_without_names_of_columns_is_refused(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    for text in ("ada@example.com\n", "", "address,colour\nada@example.com,red\n"):
        file.write_text(text)
        with pytest.raises(CommandError, match="line 1: must name the columns: address"):
            run("import_suppressions", str(file))
    file.write_bytes(b"address\n\xff\xfe@example.com\n")
    with pytest.raises(CommandError, match="is not UTF-8"):
        run("import_suppressions", str(file))
    assert not Suppression.objects.exists()


def test_a_source_of_events_is_registered_and_its_secret_written_once(run: Run) -> None:
    answer = run("create_event_source", "acme")
    [secret] = live_secrets(EventSource.objects.get().secrets, clock.now())
    assert answer.lines == ["address\t/notifications/events/acme", f"secret\t{secret}"]
    with pytest.raises(CommandError, match="belongs to another source"):
        run("create_event_source", "acme")
