"""A Django app with nothing but the benchmark's task types."""
