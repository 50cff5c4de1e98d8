"""What waits: lanes with due tasks, and tasks of types that nobody knows."""
