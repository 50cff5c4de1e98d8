"""Types of command-line arguments: each turns text into a value or says what would be right."""
