"""What is told to the world about tasks: webhooks, alerts and notifications, as subscribers of events."""
