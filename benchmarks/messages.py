"""What webhooks and mails hold, the same for every peer. Standard library only."""

import base64
import hashlib
import hmac
import json
import os
import time

#: The port of this run's receiver.
PORT_VARIABLE = "BENCH_PORT"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
_KEY = base64.b64decode(SECRET.removeprefix("whsec_"))
SENDER = "bench@bench.example"
RECIPIENT = "ada@bench.example"
TEXT = (
    "Dear Ada,\n\nthank you for your order number {i}. It will leave our house tomorrow, and\n"
    "reaches you within three days.\n\nYours\nThe shop\n"
)


def port() -> int:
    """The port of the receiver."""
    return int(os.environ[PORT_VARIABLE])


def url(path: str = "hook") -> str:
    """Where webhooks go."""
    return f"http://127.0.0.1:{port()}/{path}"


def document(i: int) -> bytes:
    """A webhook's body."""
    return json.dumps({"i": i, "type": "order.paid", "data": "x" * 100}).encode()


def signed_headers(i: int, body: bytes) -> dict[str, str]:
    """Headers by the Standard Webhooks specification."""
    now = str(int(time.time()))
    signed = f"msg_{i}.{now}.".encode() + body
    signature = base64.b64encode(hmac.digest(_KEY, signed, hashlib.sha256)).decode()
    return {
        "Content-Type": "application/json",
        "webhook-id": f"msg_{i}",
        "webhook-timestamp": now,
        "webhook-signature": f"v1,{signature}",
    }


def subject(i: int) -> str:
    """A mail's subject; the receiver reads the number."""
    return f"Message {i}"
