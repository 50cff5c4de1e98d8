"""Templates of messages: published as versions, compiled once, tried without sending."""
