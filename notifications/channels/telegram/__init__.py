"""Telegram, by a bot."""
