"""What is told to the world about tasks: webhooks and alerts, as subscribers of events."""
