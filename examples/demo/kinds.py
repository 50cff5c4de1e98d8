"""The kinds of messages that the demo asks for, each a line of its table."""

from examples.payments.gateway import CODE, RECEIPT, WEBHOOK

LOGIN, STATEMENT, DIGEST, NEWSLETTER, PAYOUT, NOTICE = (
    "login",
    "statement",
    "digest",
    "newsletter",
    "payout",
    "notice",
)
"""What the scenarios ask for, beside the messages of the payments."""

LABELS = {
    CODE: "Payment codes",
    RECEIPT: "Receipts",
    WEBHOOK: "Webhooks",
    LOGIN: "Login codes",
    STATEMENT: "Statements",
    DIGEST: "Digest items",
    NEWSLETTER: "Newsletter",
    PAYOUT: "Payouts",
    NOTICE: "Owner notices",
}


def key(run: str, number: int | str, kind: str) -> str:
    """Give the idempotency key by which a message is found again: its run first, its kind last."""
    return f"{run}-{number}-{kind}"
