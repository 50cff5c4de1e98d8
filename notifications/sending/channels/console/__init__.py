"""Messages printed where the worker runs, for development."""
