"""The way into the broker: messages of task ids, and how many of them wait."""
