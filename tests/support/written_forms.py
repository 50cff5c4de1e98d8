"""How a secret looks where others write it down; made by the encoders of the standard library."""

import base64
import html
import json
import quopri
import re
from email.header import Header
from urllib.parse import quote, quote_plus, unquote


def written(secret: str) -> dict[str, str]:
    """Return the forms of ``secret``, by name; in each, somebody could read it."""
    raw = secret.encode()
    middle = len(secret) // 2
    begin, end = secret[:middle], secret[middle:]
    forms = {
        "raw": secret,
        "upper case": secret.upper(),
        "lower case": secret.lower(),
        "url": quote(secret),
        "url, whole": quote(secret, safe=""),
        "url, form": quote_plus(secret),
        "url, every byte": "".join(f"%{byte:02X}" for byte in raw),
        "url, lower case": "".join(f"%{byte:02x}" for byte in raw),
        "url, twice": quote(quote(secret, safe=""), safe=""),
        "html": html.escape(secret),
        "html, numbers": "".join(f"&#{ord(c)};" for c in secret),
        "html, hexadecimal": "".join(f"&#x{ord(c):X};" for c in secret),
        "html of a url": html.escape(quote(secret, safe="")),
        "quoted-printable": quopri.encodestring(raw, quotetabs=True).decode(),
        "quoted-printable, every byte": "".join(f"={byte:02X}" for byte in raw),
        "quoted-printable, folded": f"{_quoted(begin)}=\r\n{_quoted(end)}",
        "quoted-printable of a url": _quoted(quote(secret, safe="")),
        "json": json.dumps(secret)[1:-1],
        "json in json": json.dumps(json.dumps(json.dumps(secret)))[3:-3],
        "json, every character": "".join(f"\\u{ord(c):04x}" for c in secret if ord(c) < 0x10000),
        "unicode, upper case": "".join(f"\\U{ord(c):08X}" for c in secret),
        "python": repr(secret)[1:-1],
        "python, bytes": repr(raw)[2:-1],
        "bytes": "".join(f"\\x{byte:02x}" for byte in raw),
        "markdown": re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", secret),
        "folded": f"{begin}\r\n {end}",
        "quoted lines": f"{begin}\n> {end}",
        "reply of a server": f"{begin}\r\n550-5.7.1 {end}",
        "reply without numbers": f"{begin}\n5.7.1 {end}",
        "folded, in json": json.dumps(f"{begin}\r\n {end}")[1:-1],
        "header": Header(f"Ihr Schlüssel {secret}", "utf-8").encode(),
        "header, quoted": "=?utf-8?q?" + "".join(f"={byte:02X}" for byte in raw) + "?=",
        "hexadecimal": raw.hex(),
        "base64 of basic": base64.b64encode(b"bell:" + raw).decode(),
    }
    if any(ord(c) >= 0x10000 for c in secret):
        del forms["json, every character"]
    for offset in range(3):
        whole = base64.b64encode(b"x" * offset + raw + b"yz").decode()
        forms[f"base64 at {offset}"] = whole
        forms[f"base64 for urls at {offset}"] = whole.translate(str.maketrans("+/", "-_"))
        forms[f"base64 at {offset}, folded"] = "\r\n".join(re.findall(".{1,8}", whole))
    return forms


def _quoted(text: str) -> str:
    return quopri.encodestring(text.encode(), quotetabs=True).decode()


class Place:
    """A text in which secrets are looked for; it may be long, so it is decoded once."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._lower = text.lower()
        self._decoded = [
            (name, decoded.lower()) for name, decoded in _decoded(text) if decoded != text
        ]

    def forms_of(self, secret: str) -> list[str]:
        """Return in which forms ``secret`` can be found here, in the text as it is and decoded."""
        found = []
        for name, form in written(secret).items():
            is_encoded = name.startswith(("base64", "header"))
            if is_encoded and _inner(name, form, secret) in self.text:
                found.append(name)
            if not is_encoded and form.lower() in self._lower:
                found.append(name)
        plain = secret.lower()
        return found + [f"{name} decoded" for name, text in self._decoded if plain in text]


def forms_in(text: str, secret: str) -> list[str]:
    """Return in which forms ``secret`` can be found in ``text``, as it is and decoded."""
    return Place(text).forms_of(secret)


def _inner(name: str, form: str, secret: str) -> str:
    """Return what of base64 does not depend on its neighbours."""
    if name.startswith("header"):
        return form
    offset = 5 if name == "base64 of basic" else int(name.split("at ")[1][0])
    bits = 8 * (offset + len(secret.encode()))
    plain = form.replace("\r\n", "")
    return plain[(8 * offset + 5) // 6 : bits // 6]


def _decoded(text: str) -> list[tuple[str, str]]:
    joined = re.sub(r"=?\r?\n[ \t>]*", "", text)
    escaped = re.sub(
        r"\\+(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2}))",
        lambda found: chr(int(found[1] or found[2], 16)),
        text,
    )
    return [
        ("joined", joined),
        ("url", unquote(text)),
        ("html", html.unescape(text)),
        ("escapes", escaped),
        ("mail", quopri.decodestring(joined.encode("utf-8", "replace")).decode("utf-8", "replace")),
    ]
