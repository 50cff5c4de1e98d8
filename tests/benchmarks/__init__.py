"""The benchmark's own parts: figures are only as good as these."""
