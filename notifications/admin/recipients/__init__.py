"""Recipients, categories and the suppression list."""
