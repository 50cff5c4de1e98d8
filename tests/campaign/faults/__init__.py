"""What is done to the platform: each function breaks something, waits, and mends it again."""

from tests.campaign.faults import broker, database, freezes, kills, network, several, stops
from tests.campaign.faults.registry import FAULTS, Fault

__all__ = [
    "FAULTS",
    "Fault",
    "broker",
    "database",
    "freezes",
    "kills",
    "network",
    "several",
    "stops",
]
