"""Files from spreadsheets and other programs: understood, or refused with the line and what to do."""

import codecs
import io
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from notifications.api import publish_template
from notifications.models import Broadcast, BroadcastReceiver, Suppression
from notifications.tabular.exceptions import UnreadableTable
from notifications.tabular.reading import Columns, checked_table

MAILS = [f"u{n}@example.com" for n in range(1_003)]
COLUMNS = Columns(required="to", known=("to", "locale"), may_have_others=True)
FREE = Columns(required="to", known=("to",), may_have_others=True, may_have_line_ends=True)


def _rows(text: str, columns: Columns = COLUMNS) -> list[tuple[int, dict[str, str]]]:
    lines = io.StringIO(text, newline="")
    with checked_table(lines, columns) as rows:
        return [(row.line, row.values) for row in rows]


@pytest.mark.parametrize(
    "text",
    [
        "to,name\na@b.de,Ada\n",
        "\ufeffto,name\r\na@b.de,Ada\r\n",
        "to;name\r\na@b.de;Ada\r\n",
        "to\tname\na@b.de\tAda",
        "TO , name\n\n,\na@b.de,Ada\n,,\n",
        "sep=;\nto;name\na@b.de;Ada\n",
        "to,name,,\na@b.de,Ada,,\n,,,\n",
        '"to","name"\n"a@b.de","Ada"\n',
        "to,name\ra@b.de,Ada\r",
    ],
)
def test_what_spreadsheets_write_is_understood(text: str) -> None:
    [(_, values)] = _rows(text)
    assert values == {"to": "a@b.de", "name": "Ada"}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "line 1: must name the columns: to, locale; it has none named to"),
        ("a@b.de\n", "line 1: must name the columns"),
        ("to,To\na,b\n", "line 1: names a column twice"),
        ("to,x,x\na,b,c\n", "line 1: names a column twice"),
        ("to,,x\na,b,c\n", "line 1: has a column without a name"),
        ("to,x\na\n", r"line 2: has not as many values as line 1 has columns \(1, not 2\)"),
        ("to,x\na,b\nc,d,e\n", r"line 3: has not as many values .* \(3, not 2\)"),
        ('to,x\na,b\n"c,d\ne,f\n', "line 3: opens a quote that is not closed in it"),
        ('to,x\na,b\n"c,d\ne,"f"\n', "line 3: opens a quote that is not closed in it"),
        ('to,x\na,b\n"c,d\ne",f\n', "line 3: opens a quote that is not closed in it"),
        ('to,x\na,b\n"c"d,e\n', "line 3: is not CSV"),
        (f"to,x\na,{'b' * 200_000}\n", "line 2: is not CSV: field larger than field limit"),
        ("to,x\na,\ud800\n", "line 2: holds half of a character"),
    ],
)
def test_what_is_not_understood_is_named_by_its_line(text: str, problem: str) -> None:
    with pytest.raises(UnreadableTable, match=problem):
        _rows(text)


def test_a_value_in_quotes_may_go_over_lines_where_that_makes_sense() -> None:
    text = 'to,note\na,"one\ntwo"\nb,three\n'
    assert _rows(text, FREE) == [
        (2, {"to": "a", "note": "one\ntwo"}),
        (4, {"to": "b", "note": "three"}),
    ]
    with pytest.raises(UnreadableTable, match="line 2: opens a quote"):
        _rows(text.replace('two"', "two"), FREE)


def test_other_columns_are_refused_where_there_are_none() -> None:
    with pytest.raises(
        UnreadableTable, match="line 1: must name the columns: to; it names another"
    ):
        _rows("to,colour\n", Columns(required="to", known=("to",)))


@given(st.text(max_size=60), st.booleans())
def test_whatever_a_file_holds_it_is_a_table_or_names_a_line(text: str, is_free: bool) -> None:
    try:
        rows = _rows(f"to,x\n{text}", FREE if is_free else COLUMNS)
    except UnreadableTable:
        return
    assert all(set(values) == {"to", "x"} for _, values in rows)
    lines = [line for line, _ in rows]
    assert lines == sorted(set(lines))


ENCODINGS = [
    (codecs.BOM_UTF8, "utf-8"),
    (b"", "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
]


def _give(text: bytes, path: Path, how: str, monkeypatch: pytest.MonkeyPatch) -> str:
    if how == "file":
        path.write_bytes(text)
        return str(path)
    raw = io.BufferedReader(io.BytesIO(text))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(raw, encoding="latin-1"))
    return "-"


@pytest.mark.django_db
@pytest.mark.parametrize("how", ["file", "standard input"])
@pytest.mark.parametrize(("mark", "encoding"), ENCODINGS)
def test_a_list_is_imported_whatever_program_wrote_it(
    mark: bytes, encoding: str, how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "Address;Reason\r\nada@example.com;\r\nj\u00fcrgen@example.com;complaint\r\n;\r\n"
    given = _give(mark + text.encode(encoding), tmp_path / "x.csv", how, monkeypatch)

    call_command("import_suppressions", given)

    assert sorted(Suppression.objects.values_list("reason", flat=True)) == ["complaint", "manual"]


@pytest.mark.django_db
@pytest.mark.parametrize("how", ["file", "standard input"])
def test_another_encoding_is_named_by_its_line(
    how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "address\nada@example.com\nj\u00fcrgen@example.com\n".encode("latin-1")
    given = _give(text, tmp_path / "x.csv", how, monkeypatch)

    with pytest.raises(CommandError, match="line 3: is not UTF-8; save the file as 'CSV UTF-8'"):
        call_command("import_suppressions", given)

    assert not Suppression.objects.exists()


@pytest.mark.django_db
def test_an_open_quote_leaves_no_address_unsuppressed_unsaid(tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    lines = ["address", MAILS[0], f'"{MAILS[1]}', *MAILS[2:]]
    file.write_text("\n".join(lines) + "\n")

    with pytest.raises(CommandError, match="line 3: opens a quote that is not closed in it"):
        call_command("import_suppressions", str(file))
    assert not Suppression.objects.exists()

    file.write_text("\n".join(lines).replace('"', "") + "\n")
    call_command("import_suppressions", str(file))
    assert Suppression.objects.count() == len(MAILS)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("to,name,NAME,name\n", "line 1: names a column twice"),
        ('to,name\na@example.com,"Ada\nb@example.com,Bob\n', "line 2: opens a quote"),
    ],
)
def test_a_broadcast_of_a_file_that_is_no_table_is_not_made(
    text: str, problem: str, tmp_path: Path
) -> None:
    publish_template("news", channel="email", subject="News", text="Dear {{ name }}")
    file = tmp_path / "x.csv"
    file.write_text(text)

    with pytest.raises(CommandError, match=problem):
        call_command("create_broadcast", "n", "news", str(file))

    assert not Broadcast.objects.exists()
    assert not BroadcastReceiver.objects.exists()
