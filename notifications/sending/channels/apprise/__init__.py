"""Many chat and paging services through Apprise, fenced in: see ``docs/channels.md``."""
