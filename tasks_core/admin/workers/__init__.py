"""Workers, and the lanes that they take tasks from."""
