"""Tasks, their history, and figures by type."""
