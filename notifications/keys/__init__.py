"""Keys that are stored sealed, and what is hashed with them so that it can be compared."""
