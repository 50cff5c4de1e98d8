"""Endpoints of webhooks: registering, changing, switching on and off."""
