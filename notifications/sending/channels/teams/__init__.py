"""Microsoft Teams, by the webhooks of Workflows."""
