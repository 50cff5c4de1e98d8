"""Who gets notifications, where, and what they want."""
