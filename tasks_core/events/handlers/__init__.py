"""Handlers of events that come with the product."""
