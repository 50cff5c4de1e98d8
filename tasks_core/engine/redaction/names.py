"""Which names say that their value is a secret."""

import re
from collections.abc import Iterable
from functools import lru_cache

from tasks_core.engine.redaction.letters import digits_as_letters, plain_letters

LONGEST = 256
"""Of a longer name, only the beginning and the end of this length are looked at."""

_ANYWHERE = (
    "password", "passwd", "passphrase", "passcode", "passwort", "secret", "token", "apikey",
    "accesskey", "privatekey", "encryptionkey", "signingkey", "sharedkey", "masterkey", "hmackey",
    "authorization", "authorisation", "authentication", "credential", "cookie", "signature",
    "sessionid", "sessionkey", "csrf", "xsrf", "bearer", "connectionstring", "sealed", "cardnumber",
    "creditcard", "onetimecode", "otpcode", "smscode", "authcode", "accesscode", "logincode",
    "resetcode", "backupcode", "recoverycode", "securitycode", "verificationcode", "pincode",
    "keymaterial", "fernetkey",
)  # fmt: skip
_ALONE = frozenset(
    [
        "pass",
        "pwd",
        "pw",
        "pin",
        "otp",
        "totp",
        "hotp",
        "mfa",
        "auth",
        "jwt",
        "dsn",
        "cvv",
        "cvc",
        "salt",
        "code",
        "codes",
        "sig",
        "psk",
    ]
)
_HARMLESS_CODES = frozenset(
    [
        "status",
        "exit",
        "error",
        "err",
        "return",
        "response",
        "http",
        "country",
        "currency",
        "language",
        "lang",
        "postal",
        "zip",
        "area",
        "source",
        "byte",
        "op",
        "reason",
        "result",
        "state",
        "color",
        "char",
        "type",
        "message",
        "errno",
        "sql",
    ]
)
_HARMLESS = frozenset(
    [
        "tokencount",
        "tokentype",
        "tokenlimit",
        "tokensused",
        "maxtokens",
        "totaltokens",
        "prompttokens",
        "inputtokens",
        "outputtokens",
        "completiontokens",
        "tokenizer",
    ]
)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def is_secret_name(name: str, more: frozenset[str] = frozenset()) -> bool:
    """Tell whether what is called ``name`` must not be shown, however that is spelt.

    ``more`` has further words that make a name secret wherever they occur in it.
    """
    if len(name) > LONGEST:
        return _is_secret(name[:LONGEST], more) or _is_secret(name[-LONGEST:], more)
    return _is_secret(name, more)


def secret_words(words: Iterable[str]) -> frozenset[str]:
    """Return words as ``is_secret_name`` takes them."""
    return frozenset(filter(None, ("".join(_words(word)) for word in words)))


@lru_cache(maxsize=4096)
def _is_secret(name: str, more: frozenset[str]) -> bool:
    words = _words(name)
    joined = "".join(words)
    if joined in _HARMLESS:
        return False
    spellings = {joined, digits_as_letters(plain_letters(name)).lower()}
    if any(part in spelling for spelling in spellings for part in (*_ANYWHERE, *more)):
        return True
    found = _ALONE.intersection(words)
    if found <= {"code", "codes"}:
        return bool(found) and not _HARMLESS_CODES.intersection(words)
    return bool(found)


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(plain_letters(name))]
