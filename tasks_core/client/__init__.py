"""What callers do with tasks: write them, find them, control them."""
