"""One file for each work; see `interface`."""
