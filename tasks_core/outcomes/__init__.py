"""What becomes of attempts: one place writes it, and tells of it in the same transaction."""
