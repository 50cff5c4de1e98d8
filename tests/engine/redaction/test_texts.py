"""Secrets in texts: what is masked, and what stays readable."""

import base64
import json
from urllib.parse import quote

import pytest

from tasks_core.engine.redaction import MASK, KnownSecrets, Redactor

S = "hunter2"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"
FERNET = "gAAAAABmC0Vq9d0pXw6mYbT5m1d2m3n4o5p6q7r8s9t0uAvBwCxDyEzF-GHIJKLMNOPQRSTUVWXYZ=="
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKC\nabcdef==\n-----END RSA PRIVATE KEY-----"
NESTED = json.dumps(
    {"a": json.dumps({"b": json.dumps({"password": f'x"{S}\\"y', "n": 1})}), "z": 2}
)

HIDDEN = (
    f"password={S}",
    f"PASSWORD = {S}",
    f"password: '{S} and more'",
    f'{{"password": "{S}", "n": 1}}',
    f"{{'db-password': b'{S}'}}",
    f'"password":["a", {{"b": "]{S}"}}]',
    f"Login(user='ada', password='it\\'s {S}', n=1)",
    f'{{\\"password\\": \\"a\\\\\\"{S}\\"}}',
    NESTED,
    f"payload['password'] = '{S}'",
    f'password: str = "{S}"',
    f"password := {S}",
    f"password=>'{S}'",
    f"password＝{S}",  # noqa: RUF001 full-width sign
    f"password=a,{S}",
    f"password=a;{S}",
    f"password=(a {S})",
    f"password=Secret('{S}')",
    f'password="unterminated {S}',
    f'password="""a\n{S}"""',
    f"pаsswоrd={S}",  # noqa: RUF001 Cyrillic letters
    f"pass\u200bword={S}",
    f"...password={S}",
    f"run --password {S} --verbose",
    f"run --db-password={S}",
    f"<password>{S}</password>",
    f'<user password="{S}"/>',
    f"GET /reset?a=1&token={S}&b=2",
    quote(json.dumps({"password": S})),
    f"api key: {S}",
    f"your code is {S}",
    f"code: {S}",
    f"DETAIL: Key (token)=({S}) already exists",
    f"Authorization: Digest username=x, response={S}",
    f"authorization: Bearer {S}",
    f"got Bearer {S}.{S}",
    f"Cookie: a=b; sessionid={S}; c=d",
    f"postgresql://bell:{S}@db/bell",
    f"postgresql://bell:a@{S}@db/bell",
    f"redis://:a/{S}@host:6379/0",
    f"https://{S}@sentry.example.com/1",
    f"http:\\/\\/bell:{S}@host\\/",
    f"postgresql%3A%2F%2Fbell%3A{S}%40db",
    f"a://b c://d:{S}@e",
    JWT.replace("dozj", S),
    f"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw{S}",
    f"sk_live_51Habcdefgh{S}",
    f"ghp_abcdefghijklmnopqrstuvwxyz{S}",
    FERNET.replace("9d0p", S),
    PEM.replace("abcdef", S),
    PEM.replace("abcdef", S).replace("\n", "\\n"),
    PEM.replace("abcdef", S).partition("-----END")[0],
)


@pytest.mark.parametrize(
    "line",
    [
        "Bad Request: /u/{}",
        "Method Not Allowed (PUT): /u/{}/preferences",
        "https://bank.example/u/{}?x=1",
    ],
)
def test_the_link_of_a_mail_is_masked_where_a_path_is_logged(line: str) -> None:
    token = "k3J9_xQ-" * 6
    assert Redactor().text(line.format(token), ()) == line.format(MASK)


@pytest.mark.parametrize("text", HIDDEN)
def test_secret_is_masked(text: str) -> None:
    assert S in text

    shown = Redactor().text(text)

    assert S not in shown
    assert MASK in shown


def test_credentials_of_basic_authentication_are_masked() -> None:
    encoded = base64.b64encode(f"bell:{S}".encode()).decode()

    assert Redactor().text(f"sent Basic {encoded} twice") == f"sent Basic {MASK} twice"


@pytest.mark.parametrize(
    "number", ["4111111111111111", "4111 1111 1111 1111", "4111-1111-1111-1111", "378282246310005"]
)
@pytest.mark.parametrize("around", ["card {}", "5 {} 12", "({}),", "pan={}"])
def test_number_of_a_card_is_masked(number: str, around: str) -> None:
    assert number[-4:] not in Redactor().text(around.format(number))


READABLE = (
    "claiming 3 tasks waits for the database: connection refused",
    "status code: 404",
    "exit code 1, code=404",
    "the token is invalid",
    "the password was wrong",
    "https://example.com/a?email=a@example.com",
    "http://[::1]:8000/a",
    "mail from ada@example.com",
    "duties started: duty-dispatcher, duty-relay",
    "task 4111111111111112 of 2026-11-22T10:00:00.123456Z",
    "550e8400-e29b-41d4-a716-446655440000",
    "-----BEGIN CERTIFICATE-----",
    "basic understanding of bearer tokens",
    'token: None, "password": ',
)


@pytest.mark.parametrize("text", READABLE)
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert Redactor().text(text).replace(MASK, "None") == text


def test_rest_of_the_line_stays_readable() -> None:
    shown = Redactor().text('login {"user": "ada", "password": "a\\"b", "tries": 3} failed for ada')

    assert shown == f'login {{"user": "ada", "password": {MASK}, "tries": 3}} failed for ada'


@pytest.mark.parametrize("secret", [S, 'a"b\\c', "ü €uro", "p@ss/w:rd", "line\nbreak", "a&b<c>"])
def test_known_secret_is_masked_however_it_is_written(secret: str) -> None:
    forms = (
        secret, repr(secret), json.dumps(secret), json.dumps(json.dumps(secret)), quote(secret),
        quote(secret, safe=""), repr(secret.encode()), f"x{secret}y", json.dumps([repr(secret)]),
    )  # fmt: skip
    known = [KnownSecrets([secret])]
    for form in forms:
        shown = Redactor().text(f"before {form} after", known)
        assert MASK in shown
        assert not any(part in shown for part in (secret, repr(secret)[1:-1], quote(secret)))


def test_known_secret_that_is_a_plain_word_is_masked_only_as_a_word() -> None:
    known = [KnownSecrets(["bell"])]

    assert Redactor().text("bellringer of bell, bell_test", known) == (
        f"bellringer of {MASK}, {MASK}_test"
    )


def test_control_characters_cannot_forge_anything() -> None:
    shown = Redactor().text("a\x1b[31mb\rc\x00d\x85e\u2028f\u202eg\x7fh\ud800")

    assert shown == "a\\x1b[31mb\\rc\\x00d\\x85e\\u2028f\\u202eg\\x7fh\\ud800"
    assert shown.encode()


def test_long_text_is_cut_without_leaving_half_a_secret() -> None:
    known = [KnownSecrets(["abcdefghijklmnop"])]
    for length in range(15_980, 16_020):
        text = "." * length + "abcdefghijklmnop" + "." * 200_000
        shown = Redactor().text(text, known)
        assert len(shown) < 17_000
        assert "abc" not in shown
        assert "characters left out" in shown


def test_end_of_a_long_traceback_is_kept() -> None:
    text = "Traceback\n" + "  frame\n" * 5_000 + f"ValueError: password={S} of order 17"

    shown = Redactor().text(text)

    assert shown.startswith("Traceback")
    assert shown.endswith(f"ValueError: password={MASK} of order 17")
