"""The gateway's message templates, kept as files and published through the API."""

import json
from pathlib import Path

from notifications.api import publish_template

FOLDER = Path(__file__).with_name("templates")
DESCRIPTIONS = {
    "one-time-code": "Proves that the customer owns the mailbox",
    "receipt": "What was paid, for the customer",
    "payment-succeeded": "Tells the merchant that a payment has come in",
    "payment-refunded": "Tells the merchant that a payment was given back",
    "payment-chargeback": "Tells the merchant that the cardholder disputes a payment",
}


def publish_templates() -> None:
    """Publish every template of the folder; one that has not changed keeps its version.

    Raises:
        InvalidTemplate: names the part and the line that is wrong.
    """
    for folder in sorted(FOLDER.iterdir()):
        is_webhook = (folder / "text.json").exists()
        publish_template(
            folder.name,
            channel="webhook" if is_webhook else "email",
            subject=_part(folder, "subject.txt"),
            text=_part(folder, "text.json" if is_webhook else "text.txt"),
            html=_part(folder, "body.html"),
            sample=json.loads(_part(folder, "sample.json")),
            description=DESCRIPTIONS.get(folder.name),
        )


def _part(folder: Path, name: str) -> str:
    path = folder / name
    return path.read_text("utf-8") if path.exists() else ""
