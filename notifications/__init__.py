"""Notifications: templates, the pipeline that delivers them, and its channels."""
