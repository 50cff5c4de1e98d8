"""Messages that people read inside the application."""
