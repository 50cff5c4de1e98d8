"""How seldom and how often something may be asked to happen."""

SLOWEST, FASTEST = 1 / 86_400, 1_000_000
"""A second."""
