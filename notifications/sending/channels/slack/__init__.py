"""Slack: messages to channels by a bot, or by incoming webhooks."""
