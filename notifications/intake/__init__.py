"""What an application asks for: validated as a whole, then stored with its first task."""
