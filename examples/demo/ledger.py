"""What the receivers counted, by the identity that a message keeps over all its attempts."""

from collections import defaultdict
from dataclasses import dataclass, field


@dataclass
class Tally:
    """What came of the requests for one message."""

    accepted: int = 0
    unanswered: int = 0
    """Taken, but the sender did not wait for the answer."""
    refused: int = 0

    @property
    def arrivals(self) -> int:
        """How often the receiver took it."""
        return self.accepted + self.unanswered

    @property
    def requests(self) -> int:
        """How often it was offered."""
        return self.accepted + self.unanswered + self.refused


@dataclass
class Ledger:
    """The books of one kind of receiver. Written by the receivers' thread alone."""

    messages: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    bad_signatures: int = 0
    texts: dict[str, str] = field(default_factory=dict, repr=False)
    """What the messages say, where it is looked at later."""
