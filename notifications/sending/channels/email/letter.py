"""A mail in the form in which it is handed over."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Letter:
    """Sender and recipient as the commands name them, and the content with its headers."""

    sender: str
    recipient: str
    content: bytes = field(repr=False)
