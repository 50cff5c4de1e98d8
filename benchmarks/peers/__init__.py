"""One file for each peer; see `interface` and `registry`."""
