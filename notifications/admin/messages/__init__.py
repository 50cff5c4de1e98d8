"""Notifications and deliveries, and the limits that they count against."""
