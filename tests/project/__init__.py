"""A Django project like a user's: the platform, and an app with task types for the tests."""
