"""Web push: messages to browsers (RFC 8030), encrypted (RFC 8291), by an identified sender (RFC 8292)."""
